"""Compares kouyu and Pipecat, one after the other: the same questions, weights and machine.

    make bench-peers                                    # both, free talk and barge-in
    .venv/bin/python -m bench.peers.compare --help

README.md lists what is the same for both, and what differs.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Final, Literal

import click
import msgspec
from rich.console import Console

from bench.peers.kouyu_side import measure_kouyu
from bench.peers.pipecat_side import PeerOptions, measure_pipecat
from bench.peers.report import ComparisonReport, print_report, side
from kouyu.bench.children import ServerDidNotStart
from kouyu.bench.machine import this_machine
from kouyu.bench.question_files import spoken_questions
from kouyu.bench.received import ConnectionLost
from kouyu.bench.turn import Turn

SILENCE_MS: Final = 500
"""kouyu's default."""
PEER_PYTHON: Final = Path(__file__).resolve().parents[2] / ".venv-peers/bin/python"

WhisperWeights = Literal["whisper-base", "whisper-tiny-en"]


async def compare(options: PeerOptions, order: list[str]) -> ComparisonReport:
    """Measure both, in the order of their names."""
    machine = this_machine()
    questions = spoken_questions("en")
    measured: dict[str, dict[str, list[Turn]]] = {}
    for name in order:
        run = measure_kouyu if name == "kouyu" else measure_pipecat
        measured[name] = await run(options, questions)
    return ComparisonReport(
        machine=machine,
        peer=await _peer_versions(options.python),
        whisper=options.whisper,
        end_of_turn=options.end_of_turn,
        silence_ms=SILENCE_MS,
        order=order,
        sides=[side(name, turns) for name, turns in measured.items()],
    )


async def _peer_versions(python: Path) -> dict[str, str]:
    names = ["pipecat-ai", "faster-whisper", "ctranslate2", "onnxruntime", "piper-tts", "websockets"]
    program = f"import json, importlib.metadata as m; print(json.dumps({{n: m.version(n) for n in {names}}}))"
    process = await asyncio.create_subprocess_exec(str(python), "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return dict(json.loads(said))


@click.command()
@click.option("--turns", type=click.IntRange(1), default=20, show_default=True, help="Of free talk, on each side.")
@click.option("--barges", type=click.IntRange(0), default=10, show_default=True, help="Interruptions, on each side.")
@click.option("--whisper", type=click.Choice(["whisper-base", "whisper-tiny-en"]), default="whisper-base")
@click.option(
    "--end-of-turn",
    type=click.Choice(["silence", "smart"]),
    default="silence",
    show_default=True,
    help="Of the peer: 500 ms of silence, as kouyu, or its own default, Smart Turn.",
)
@click.option("--order", default="kouyu,pipecat", show_default=True, help="Also one of them alone.")
@click.option("--python", type=click.Path(path_type=Path), default=PEER_PYTHON, help="Of the peer's environment.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def main(order: str, json_file: Path | None, **chosen: object) -> None:
    """Measure kouyu and a peer on this machine."""
    options = msgspec.convert(chosen | {"silence_ms": SILENCE_MS}, PeerOptions)
    if not options.python.exists():
        raise click.ClickException(f"there is no {options.python}: run `make bench-peers`, which makes it")
    try:
        report = asyncio.run(compare(options, order.split(",")))
    except (ConnectionLost, ServerDidNotStart, OSError) as fault:
        raise click.ClickException("\n".join((str(fault), *getattr(fault, "__notes__", ())))) from None
    print_report(report, Console())
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(report)))


if __name__ == "__main__":
    sys.exit(main())
