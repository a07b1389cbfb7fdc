"""The engines and the language model that the worker processes of one server share:
``python -m kouyu.engine_server.child``.

Reads what to run from standard input, pickled by its parent, and prints a line of JSON once it is ready, or if
something cannot be loaded. Ends when standard input does, after the work in progress.
"""

import asyncio
import logging
import pickle
import signal
import sys
from contextlib import AsyncExitStack
from typing import Final

import msgspec
import uvloop

from kouyu.agents.agent import AgentError
from kouyu.agents.embedded.attached import Attachment, file_of
from kouyu.agents.embedded.engine import ENGINE, load
from kouyu.agents.embedded.model import RunOptions
from kouyu.agents.embedded.plan import EmbeddedOptions, Plan
from kouyu.agents.embedded.tiered_model import TieredModel, started
from kouyu.engine_server.process import serve_engines
from kouyu.engines.errors import EngineError
from kouyu.server.process.log_lines import ServerLog
from kouyu.server.process.tcp_listeners import ListenError
from kouyu.settings import Settings, SettingsError
from kouyu.settings.engine_server import ServedKind
from kouyu.weights.errors import WeightsError

log = logging.getLogger(__name__)

SLOTS_OF_A_WORKER: Final = 4
_TOLD_TO_THE_USER: Final = (AgentError, EngineError, ListenError, SettingsError, WeightsError)


class Told(msgspec.Struct, frozen=True):
    """What the parent is told: the language model's slots for each worker, or why nothing runs."""

    model: tuple[Attachment, ...] = ()
    failed: str = ""


def main() -> None:
    """Serve until the parent closes standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings: Settings
    kinds: tuple[ServedKind, ...]
    needs_model: bool
    again: Attachment | None
    settings, kinds, needs_model, again = pickle.load(sys.stdin.buffer)
    ServerLog().follow(settings.log)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, kinds, needs_model, again))
    except _TOLD_TO_THE_USER as fault:
        _tell(Told(failed=str(fault)))


async def _serve(
    settings: Settings, kinds: tuple[ServedKind, ...], needs_model: bool, again: Attachment | None
) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await loop.connect_read_pipe(lambda: _UntilEnd(stop), sys.stdin)
    async with AsyncExitStack() as stack:
        model: tuple[Attachment, ...] = ()
        if needs_model:
            running = await _model(settings, again)
            stack.push_async_callback(running.close)
            model = running.attachments(settings.server.workers)
            log.info("language model: %s, because %s", running.name, running.reason)
        if kinds:
            await serve_engines(settings, stop, lambda ready: _tell(Told(model)))
        else:
            _tell(Told(model))
            await stop.wait()


async def _model(settings: Settings, again: Attachment | None) -> TieredModel:
    """Start the language model, after a crash the same one at the same place."""
    options: EmbeddedOptions = settings.engines.options_of(ENGINE)
    run = RunOptions(
        slots=max(RunOptions().slots, SLOTS_OF_A_WORKER * settings.server.workers), threads=options.threads
    )
    if again is None:
        return await load(options, run)
    return TieredModel(await started(file_of(again), again.reason, run, at=again), Plan(options))


class _UntilEnd(asyncio.Protocol):
    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop.set()


def _tell(told: Told) -> None:
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
