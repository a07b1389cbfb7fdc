"""Sends traces of turns to a collector, if the settings name one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from kouyu import extras
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.coze_bot import CozeBot
from kouyu.assembly.agents import Agents
from kouyu.diagnostics.facts.record import TurnRecord
from kouyu.diagnostics.facts.session import SessionSeen
from kouyu.settings.errors import SettingsError
from kouyu.settings.telemetry import TracingSettings
from kouyu.tracing.turn_spans import Answerer, spans_of

TurnEnded = Callable[[TurnRecord], None]


@asynccontextmanager
async def open_tracing(chosen: TracingSettings, agents: Agents) -> AsyncIterator[TurnEnded | None]:
    """While the block runs, export the turns that the yielded function gets; None if nothing is to be exported.

    Raises SettingsError if OpenTelemetry is not installed.
    """
    if not chosen.endpoint:
        yield None
        return
    try:
        from kouyu.tracing.exporting import TraceExport, to_collector
    except ImportError:
        how = extras.how_to_install("opentelemetry")
        raise SettingsError(f"tracing.endpoint: needs an extra; install it with: {how}") from None
    export = TraceExport(to_collector(chosen.endpoint, chosen.headers), sample=chosen.sample)

    def turn_ended(turn: TurnRecord) -> None:
        spans = spans_of(turn, _answerer(turn.session, agents), record_text=chosen.record_text)
        export.export(spans, turn.session.epoch_ms)

    try:
        yield turn_ended
    finally:
        await asyncio.to_thread(export.close)


def _answerer(session: SessionSeen, agents: Agents) -> Answerer:
    if session.workflow_id:
        return Answerer("invoke_agent", "kouyu", session.workflow_id)
    match agents.bots.agents.get(session.bot_id):
        case CozeBot():
            return Answerer("invoke_agent", "coze", session.bot_id)
        case LanguageModelBot(model=model):
            endpoint = model.now.endpoint
            return Answerer("chat", "kouyu" if endpoint.reads_ahead else "openai", endpoint.model)
        case _:  # its settings were read anew, and it is gone
            return Answerer("chat", "unknown", "")
