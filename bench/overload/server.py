"""The server of the measurement: the real application with engines of a fixed cost for each job.

    python -m bench.overload.server FOLDER [--admit-all]

Each job holds one of two threads of the scheduler for a while and uses no processor time, so that the figures depend on
this machine as little as they can. Prints a line of JSON when it is ready.
"""

import dataclasses
import functools
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import click
from numpy.typing import NDArray

from kouyu.assembly.runtime import Runtime
from kouyu.bench.measured_server import run_measured_server
from kouyu.bench.stub_engines import StubRecognizer, StubSynthesizer, open_stub_services
from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions
from kouyu.engines.work import CancelToken, Priority
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.store.store import Store

RECOGNITION_S: Final = 0.4
SYNTHESIS_S: Final = 0.2


class CostlyRecognizer(StubRecognizer):
    """Holds a thread for RECOGNITION_S."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    async def recognize(self, audio: NDArray[Any], options: RecognitionOptions, priority: Priority) -> Recognition:
        """A transcript."""
        await self._scheduler.run(functools.partial(_hold, RECOGNITION_S), priority)
        return Recognition(text="What is the capital of France?", language="en")


class CostlySynthesizer(StubSynthesizer):
    """Holds a thread for SYNTHESIS_S with each sentence."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        """A tone."""
        await self._scheduler.run(functools.partial(_hold, SYNTHESIS_S), priority)
        async for piece in super().synthesize(text, options, priority):
            yield piece


def _hold(seconds: float, _: CancelToken) -> None:
    time.sleep(seconds)


@asynccontextmanager
async def _open_sessions(settings: Settings, store: Store) -> AsyncIterator[Runtime]:
    async with open_stub_services(settings, store) as stubs:
        services = dataclasses.replace(
            stubs,
            recognizer=CostlyRecognizer(stubs.scheduler),
            synthesizer=CostlySynthesizer(stubs.scheduler),
        )
        services.overload.limits = settings.overload
        yield Runtime(run_session=functools.partial(run_session, services=services), services=services)


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--admit-all", is_flag=True)
def main(folder: Path, admit_all: bool) -> None:
    """Run the server."""
    run_measured_server(folder, _open_sessions, refuses_overload=not admit_all)


if __name__ == "__main__":
    main()
