"""Runs load generators as child processes, as many as the number of clients needs."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec

from kouyu.bench.children import ChildBroke, child
from kouyu.bench.load_client import GeneratorReport

CLIENTS_OF_A_GENERATOR: Final = 60
_ANSWER_S: Final = 60.0


class Generators:
    """Processes with clients. They end with ``stack``. ``arguments`` are those of ``kouyu.bench.load_generator``."""

    def __init__(self, stack: AsyncExitStack, folder: Path, arguments: tuple[str, ...]) -> None:
        self._stack = stack
        self._folder = folder
        self._arguments = arguments
        self._processes: list[asyncio.subprocess.Process] = []

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes."""
        return tuple(process.pid for process in self._processes)

    async def open(self, clients: int) -> None:
        """Open ``clients`` clients in total, over all processes; returns when they talk. Raises ChildBroke."""
        while len(self._processes) * CLIENTS_OF_A_GENERATOR < clients:
            folder = self._folder / f"generator-{len(self._processes)}"
            folder.mkdir()
            command = ("kouyu.bench.load_generator", *self._arguments)
            self._processes.append(await self._stack.enter_async_context(child(folder, *command)))
        for number, process in enumerate(self._processes):
            mine = min(CLIENTS_OF_A_GENERATOR, clients - number * CLIENTS_OF_A_GENERATOR)
            await ask(process, str(mine))

    async def reports(self) -> list[GeneratorReport]:
        """The report of each process since the last call. Raises ChildBroke."""
        answers = [await ask(process) for process in self._processes]
        return [msgspec.json.decode(answer, type=GeneratorReport) for answer in answers]


async def ask(process: asyncio.subprocess.Process, question: str = "") -> bytes:
    """Send a line to a child process, and return its answer line. Raises ChildBroke."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(question.encode() + b"\n")
    try:
        async with asyncio.timeout(_ANSWER_S):
            answer = await process.stdout.readline()
    except TimeoutError:
        answer = b""
    if not answer:
        raise ChildBroke("a child process of the benchmark no longer answers")
    return answer
