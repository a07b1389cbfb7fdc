"""``kouyu replay``: runs a session record through today's conversation core, and compares what it does."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from kouyu.cli.saying import say
from kouyu.extras import missing
from kouyu.recording.anonymising import anonymised
from kouyu.recording.entries import Step
from kouyu.recording.explanation import explained
from kouyu.recording.fault_test import EVENTS, Expected, record_of_test, write_comparison, write_expectation
from kouyu.recording.first_difference import difference_shown
from kouyu.recording.frames import Audio, Ending, Header, RecordError
from kouyu.recording.record_file import Record, read_record, write_record
from kouyu.recording.replaying import Replayed
from kouyu.recording.timeline import OpenWaveform, Timeline

DIFFERENT: Final = 3
"""The exit code where today's core does something else than was recorded."""

_file = click.argument("file", type=click.Path(exists=True, path_type=Path))


@click.command()
@_file
@click.option("--explain", is_flag=True, help="Print the timeline of each turn as the page shows it.")
@click.option("--turn", type=click.IntRange(1), help="With --explain: of this turn alone.")
@click.option("--open", "for_page", is_flag=True, help="Write the turns into a file that the page opens.")
@click.option(
    "--as-test",
    "test",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="tests/.../test_NAME.py",
    help="Write a test of this session, and its record beside it.",
)
@click.option("--expect", multiple=True, type=click.Choice(EVENTS), metavar="EVENT", help="The test: this is sent.")
@click.option("--never", multiple=True, type=click.Choice(EVENTS), metavar="EVENT", help="The test: this is not sent.")
@click.option("--from", "from_s", type=click.FloatRange(0), default=0.0, help="The test: from this second on.")
@click.option("--to", "to_s", type=click.FloatRange(0), default=math.inf, help="The test: up to this second.")
@click.option("--anonymise", is_flag=True, help="Write other words, other ids, and silence for audio.")
@click.option("--with-engines", is_flag=True, help="Run the recorded audio through today's engines.")
@click.option(
    "--config",
    "configs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --with-engines: settings with the engines; give it twice to compare two.",
)
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the record into this file.")
def replay(
    file: Path,
    explain: bool,
    turn: int | None,
    for_page: bool,
    test: Path | None,
    expect: tuple[str, ...],
    never: tuple[str, ...],
    from_s: float,
    to_s: float,
    anonymise: bool,
    with_engines: bool,
    configs: tuple[Path, ...],
    save: Path | None,
) -> None:
    """Run the session record FILE through today's conversation core, and compare every effect with the recorded ones.

    Exit codes: 0 the same, 3 a difference, which is shown with what led to it; 1 FILE cannot be read.

    With --with-engines FILE may be a folder of records, and the table counts all of them.

    With --as-test: 0 once the test is written and fails, 1 where it cannot be written or passes.
    """
    alone = {
        "--anonymise": (anonymise and not (save or test), "--save FILE or --as-test"),
        "--turn": (turn is not None and not explain, "--explain"),
        "--expect or --never": (bool(expect or never) and not test, "--as-test"),
        "--config": (bool(configs) and not with_engines, "--with-engines"),
    }
    for option, (is_alone, other) in alone.items():
        if is_alone:
            raise click.UsageError(f"{option} does nothing without {other}")
    if with_engines:
        from kouyu.cli.replay_engines import replay_with_engines  # needs what the extras bring

        replay_with_engines(file, configs)
        return
    record = record_of(file)
    timeline = Timeline(record, waveform(record) if for_page else None)
    if explain:
        for found in timeline.turns():
            if turn in (None, found.turn):
                say("\n".join(explained(found)))
    expected = Expected(sent=expect, never=never, from_s=from_s, to_s=to_s)
    try:
        if for_page:
            say(f"Wrote {written_for_page(file, timeline)}: open it on the page, with Open beside the timeline.")
        if save is not None:
            write_record(save, *rewritten(timeline.replayed, anonymise=anonymise), Ending(reason="closed"))
        if test is not None:
            write_test(file, test, timeline.replayed, expected, anonymise=anonymise)
            return
    except RecordError as error:
        raise click.ClickException(f"{file}: {error}") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    say_outcome(file, timeline.replayed)


def waveform(record: Record) -> OpenWaveform | None:
    """The facts about the audio itself, where the libraries for them are installed. Raises ClickException."""
    if missing(("numpy",)):
        return None
    from kouyu.recording.waveform import waveform_of

    try:
        return waveform_of(record.audio)
    except RecordError as error:
        raise click.ClickException(str(error)) from None


def written_for_page(file: Path, timeline: Timeline) -> Path:
    """Write the turns beside the record, for its owner alone, in the format of the page's files (docs/diagnostics.md).
    Raises OSError."""
    path = file.with_suffix(".turns.json")
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(list(timeline.turns()))))
    return path


def rewritten(replayed: Replayed, *, anonymise: bool) -> tuple[Header, Sequence[Step], Sequence[Audio]]:
    """What is written of a record: with today's effects, and anonymous where asked. Raises RecordError."""
    record = replayed.record
    return anonymised(record) if anonymise else (record.header, replayed.steps, record.audio)


def write_test(file: Path, test: Path, replayed: Replayed, expected: Expected, *, anonymise: bool) -> None:
    """Write the test and say whether it fails. Raises RecordError, OSError and ClickException."""
    record = record_of_test(test)
    if taken := [path for path in (test, record) if path.exists()]:
        raise click.ClickException(f"{taken[0]} exists already: give the test another name")
    if expected.sent or expected.never:
        write_expectation(test, expected, *rewritten(replayed, anonymise=anonymise))
    elif replayed.difference is None or anonymise:
        raise click.ClickException(
            "say what should have happened: --expect EVENT or --never EVENT, with --from and --to in seconds."
            " Without them a test compares today's core with the record, which it follows to the last effect; --explain"
            " shows what happened when"
        )
    else:
        write_comparison(test, file)
    say(f"Wrote {test} and {record}.")
    if (expected.sent or expected.never) and expected.is_met(replayed):
        raise click.ClickException("the test passes with today's core: what it expects happens")
    say("The test fails with today's core, until the fault is mended.")


def record_of(file: Path) -> Record:
    """Read a record. Raises ClickException."""
    try:
        return read_record(file)
    except RecordError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None


def say_outcome(file: Path, replayed: Replayed) -> None:
    """Say whether today's core does what was recorded; exit with DIFFERENT where it does not."""
    record = replayed.record
    effects = sum(len(step.effects) for step in record.steps)
    about = f"{len(record.steps)} steps, {effects} effects, {record.length_s:.1f} s, kouyu {record.header.kouyu}"
    if record.ending is None:
        say(f"{file}: the record was cut off, as by a crash of the server; it is compared up to there.", err=True)
    elif record.ending.reason != "closed":
        say(f"{file}: the record ends before the session: {record.ending.reason}.", err=True)
    if replayed.difference is None:
        say(f"{file}: the same ({about}).")
        return
    say(f"{file}: different ({about}).")
    say("\n".join(difference_shown(replayed)))
    sys.exit(DIFFERENT)
