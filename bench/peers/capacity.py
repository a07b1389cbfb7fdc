"""Compares how many people kouyu and its peers talk with at the same time: the same talkers, engines and machine.

    make bench-peers-capacity
    .venv/bin/python -m bench.peers.capacity --help

People are added one by one until the median answer comes later than 1500 ms. All conversations of a peer are in one
server process, and share its models.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console

from bench.peers.attempt import NotMeasured, attempt
from bench.peers.capacity_report import CapacityComparison, Held, Level, as_markdown, print_report
from bench.peers.compare import PeerNames, WhisperWeights
from bench.peers.peer import PeerOptions, Server
from bench.peers.peers import PEERS
from bench.peers.report import load_now
from bench.peers.talker import Answers, talk
from bench.peers.turns import live
from bench.peers.versions import versions
from bench.peers.write_out import write_out
from kouyu.bench.machine import this_machine
from kouyu.bench.question_files import spoken_questions
from kouyu.bench.spoken_question import SpokenQuestion
from kouyu.bench.statistics import summarise

SETTLE_S: Final = 6.0
"""After one more talks: about a turn."""
_DEFAULT: Final = "kouyu,pipecat,livekit"


class CapacityOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be measured."""

    first: dict[str, int]
    """How many talk at first, by peer."""
    most: int
    seconds: float
    """Of each level."""
    slowest_ms: float
    """Limit for the median answer."""


async def compare(
    names: Sequence[str], engines: PeerOptions, options: CapacityOptions, console: Console
) -> CapacityComparison:
    """Measure each, in the order of ``names``."""
    machine = this_machine()
    held: list[Held] = []
    failed: dict[str, str] = {}
    for name in names:
        try:
            held.append(await attempt(_held(name, engines, options, console)))
        except NotMeasured as reason:
            failed[name] = str(reason)
    return CapacityComparison(
        machine=machine,
        whisper=engines.whisper,
        seconds=options.seconds,
        slowest_ms=options.slowest_ms,
        sides=held,
        failed=failed,
    )


async def _held(name: str, engines: PeerOptions, options: CapacityOptions, console: Console) -> Held:
    peer = PEERS[name]
    levels: list[Level] = []
    load_before = load_now()
    async with peer.running(engines) as server, _talkers(server, spoken_questions("en")) as talkers:
        for people in range(options.first.get(name, 1), options.most + 1):
            await talkers.open(people)
            await asyncio.sleep(SETTLE_S)
            talkers.answers.take()
            await asyncio.sleep(options.seconds)
            got = talkers.answers.take()
            level = Level(people=people, answers=summarise(got.after_ms), unanswered=got.unanswered)
            levels.append(level)
            console.print(f"{name}: {people} people, median {level.median_ms:.0f} ms", style="dim")
            if level.median_ms > options.slowest_ms:
                break
    return Held(name=name, versions=await versions(peer), load=(load_before, load_now()), levels=levels)


class Talkers:
    """People who talk."""

    def __init__(self, server: Server, questions: Sequence[SpokenQuestion], stack: AsyncExitStack) -> None:
        self._server = server
        self._questions = questions
        self._stack = stack
        self._tasks: list[asyncio.Task[None]] = []
        self.answers = Answers()

    async def open(self, people: int) -> None:
        """Have so many talk in total."""
        for number in range(len(self._tasks), people):
            opened = await self._stack.enter_async_context(live(self._server))
            talking = talk(opened, self._questions, self.answers, random.Random(number))
            self._tasks.append(asyncio.create_task(talking))

    async def close(self) -> None:
        """Have all fall silent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def _talkers(server: Server, questions: Sequence[SpokenQuestion]) -> AsyncIterator[Talkers]:
    async with AsyncExitStack() as stack:
        talkers = Talkers(server, questions, stack)
        try:
            yield talkers
        finally:
            await talkers.close()


def _first(said: str) -> dict[str, int]:
    """``kouyu=3,pipecat=1`` as a mapping."""
    return {name: int(number) for name, _, number in (one.partition("=") for one in said.split(",") if one)}


@click.command()
@click.option("--peers", type=PeerNames(), default=_DEFAULT, show_default=True, help="Measured in this order.")
@click.option("--first", default="", help="How many talk at first, such as kouyu=3,pipecat=2; else one.")
@click.option("--most", type=click.IntRange(1), default=12, show_default=True, help="Who talk at the same time.")
@click.option("--seconds", type=click.FloatRange(1), default=40.0, show_default=True, help="Of each level.")
@click.option("--slowest-answer", type=float, default=1500.0, show_default=True, help="Limit for the median, ms.")
@click.option("--whisper", type=click.Choice(["whisper-base", "whisper-tiny-en"]), default="whisper-base")
@click.option("--markdown", is_flag=True, help="Print the tables of docs/performance.md too.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def main(
    peers: list[str],
    first: str,
    most: int,
    seconds: float,
    slowest_answer: float,
    whisper: WhisperWeights,
    markdown: bool,
    json_file: Path | None,
) -> None:
    """Measure how many people each talks with."""
    console = Console()
    options = CapacityOptions(first=_first(first), most=most, seconds=seconds, slowest_ms=slowest_answer)
    report = asyncio.run(compare(peers, PeerOptions(whisper=whisper), options, console))
    print_report(report, console)
    write_out(report, markdown=as_markdown(report) if markdown else "", json_file=json_file)


if __name__ == "__main__":
    main()
