"""Runs a whole latency measurement: server, model, turns and report."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import msgspec

from kouyu.bench.children import ServerAddress, own_server, serve_command
from kouyu.bench.generators import Generators
from kouyu.bench.latency import Plan, measure
from kouyu.bench.latency_report import LatencyReport, figures
from kouyu.bench.machine import this_machine
from kouyu.bench.question_files import spoken_questions
from kouyu.bench.scripted_model import MODEL, scripted_model
from kouyu.bench.spoken_question import Language


class LatencyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of the measurement. Without a ``server`` it starts one."""

    server: ServerAddress | None
    modes: tuple[str, ...]
    turns: int
    language: Language
    others: int = 0
    """Clients in free talk that talk with the same server all the time."""
    config: Path | None = None
    """Settings file of the server that it starts."""
    fast_llm: bool = False
    tier: str | None = None
    """Of the embedded language model."""
    bot_id: str | None = None
    voice_id: str | None = None
    user_language: str | None = None


async def run_latency(options: LatencyOptions, *, on_turn: Callable[[str], None]) -> LatencyReport:
    """Run the measurement; ``on_turn`` is called with the mode after each turn.

    Raises ServerDidNotStart, RefusedByServer, ConnectionLost, ChildBroke, OSError.
    """
    machine = this_machine()
    questions = spoken_questions(options.language)
    async with _target(options) as (server, settings):
        plan = Plan(
            server=server,
            modes=options.modes,
            questions=questions,
            turns=options.turns,
            bot_id=options.bot_id,
            voice_id=options.voice_id,
            user_language=options.user_language,
        )
        async with _others(options, server):
            results = await measure(plan, on_turn=on_turn)
        model = await embedded_model_of(server)
    return LatencyReport(
        machine=machine,
        load_at_end=os.getloadavg(),
        server="its own" if options.server is None else options.server.http,
        language_model=model,
        settings=settings,
        language=options.language,
        others=options.others,
        scripted_model=options.fast_llm,
        modes=[figures(result) for result in results],
    )


@asynccontextmanager
async def _others(options: LatencyOptions, server: ServerAddress) -> AsyncIterator[None]:
    """The other clients, which talk while the block runs. Raises ChildBroke."""
    async with AsyncExitStack() as stack:
        if options.others:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-")))
            talk = ("--mode", "free", "--language", options.language)
            await Generators(stack, folder, (server.http, server.token, *talk)).open(options.others)
        yield


class _Engine(msgspec.Struct, frozen=True):
    kind: str
    name: str


class _Status(msgspec.Struct, frozen=True):
    engines: list[_Engine]


class _StatusAnswer(msgspec.Struct, frozen=True):
    data: _Status


async def embedded_model_of(server: ServerAddress) -> str:
    """Tier and name of the server's embedded language model; empty if it runs none, or the token may not ask."""
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            headers = {"Authorization": f"Bearer {server.token}"}
            answer = await http.get(f"{server.http}/v1/kouyu/status", headers=headers)
        engines = msgspec.json.decode(answer.raise_for_status().content, type=_StatusAnswer).data.engines
    except (httpx.HTTPError, msgspec.DecodeError):
        return ""
    return next((engine.name for engine in engines if engine.kind == "llm"), "")


@asynccontextmanager
async def _target(options: LatencyOptions) -> AsyncIterator[tuple[ServerAddress, str]]:
    """The server to measure, and the settings if it is started here."""
    if options.server is not None:
        yield options.server, ""
        return
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-")))
        settings = options.config.read_text(encoding="utf-8") if options.config is not None else ""
        if options.fast_llm:
            model_url = await stack.enter_async_context(scripted_model(options.language))
            settings = f'[[bots]]\nid = "kouyu"\n[bots.model]\nbase_url = "{model_url}"\nmodel = "{MODEL}"\n'
        config = folder / "kouyu.toml"
        config.write_text(settings, encoding="utf-8")
        address, _ = await stack.enter_async_context(
            own_server(folder, *serve_command(folder, config, tier=options.tier))
        )
        yield address, settings
