"""Compares the latency of kouyu and its peers, one after the other: the same questions, weights and machine.

    make bench-peers                                    # all that are installed, free talk and barge-in
    .venv/bin/python -m bench.peers.compare --help

README.md lists what is the same for all, and what differs.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import click
from rich.console import Console

from bench.peers.attempt import NotMeasured, attempt
from bench.peers.peer import PeerOptions
from bench.peers.peers import PEERS
from bench.peers.report import ComparisonReport, Side, as_markdown, load_now, print_report, summaries
from bench.peers.turns import measure
from bench.peers.versions import versions
from bench.peers.write_out import write_out
from kouyu.bench.machine import this_machine
from kouyu.bench.question_files import spoken_questions

WhisperWeights = Literal["whisper-base", "whisper-tiny-en"]
DEFAULT_PEERS: Final = ",".join(PEERS)


class PeerNames(click.ParamType[list[str]]):
    """Names of PEERS, separated by commas."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        names = str(value).split(",")
        if unknown := [name for name in names if name not in PEERS]:
            self.fail(f"there is no {', '.join(unknown)}; there are: {', '.join(PEERS)}", param, ctx)
        return names


async def compare(
    names: Sequence[str], options: PeerOptions, counts: dict[str, int], console: Console
) -> ComparisonReport:
    """Measure each, in the order of ``names``; one that cannot be run does not keep the others from it."""
    machine = this_machine()
    sides: list[Side] = []
    failed: dict[str, str] = {}
    for name in names:
        console.print(f"{name} ...", style="dim")
        try:
            sides.append(await attempt(_side(name, options, counts)))
        except NotMeasured as reason:
            failed[name] = str(reason)
    return ComparisonReport(machine=machine, whisper=options.whisper, sides=sides, failed=failed)


async def _side(name: str, options: PeerOptions, counts: dict[str, int]) -> Side:
    peer = PEERS[name]
    load_before = load_now()
    async with peer.running(options) as server:
        turns = await measure(server, spoken_questions("en"), counts)
    every = [turn for mode in turns.values() for turn in mode]
    return Side(
        name=name,
        end_of_turn=peer.end_of_turn,
        versions=await versions(peer),
        load=(load_before, load_now()),
        measures=summaries(turns),
        misheard=sum(turn.outcome == "misheard" for turn in every),
        unanswered=sum(turn.outcome == "unanswered" for turn in every),
        turns=turns,
    )


@click.command()
@click.option("--peers", type=PeerNames(), default=DEFAULT_PEERS, show_default=True, help="Measured in this order.")
@click.option("--turns", type=click.IntRange(0), default=20, show_default=True, help="Of free talk, with each.")
@click.option("--barges", type=click.IntRange(0), default=10, show_default=True, help="Interruptions, with each.")
@click.option("--whisper", type=click.Choice(["whisper-base", "whisper-tiny-en"]), default="whisper-base")
@click.option("--markdown", is_flag=True, help="Print the tables of docs/performance.md too.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def main(
    peers: list[str], turns: int, barges: int, whisper: WhisperWeights, markdown: bool, json_file: Path | None
) -> None:
    """Measure kouyu and its peers on this machine."""
    console = Console()
    options = PeerOptions(whisper=whisper)
    report = asyncio.run(compare(peers, options, {"free": turns, "barge": barges}, console))
    print_report(report, console)
    write_out(report, markdown=as_markdown(report) if markdown else "", json_file=json_file)


if __name__ == "__main__":
    main()
