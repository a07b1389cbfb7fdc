"""`kouyu eval hearing`: measure how well speech is recognised."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, get_args

import click
import msgspec
from rich.progress import track

from kouyu.assembly.engine_loading import load_recognizer, load_voice_activity
from kouyu.bench.machine import this_machine
from kouyu.bench.recognition import asterisk_prompts
from kouyu.bench.recognition.recordings import Half, NoRecordings, Recording, chosen, recordings_at
from kouyu.bench.recognition.report import print_report, report_of
from kouyu.bench.recognition.run import Heard, RecognitionRun
from kouyu.cli.output_file import OutputFile
from kouyu.cli.safe_console import SafeConsole
from kouyu.engines import engine_registry
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.scheduler import Scheduler
from kouyu.settings import Settings, SettingsError, load
from kouyu.weights.errors import WeightsError

_DETECTED: Final = ("en", "zh")
"""Languages that a server with default settings detects."""


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path), required=False)
@click.option(
    "--set",
    "public_set",
    type=click.Choice([asterisk_prompts.set_name(language) for language in asterisk_prompts.LANGUAGES]),
    help="Instead of SOURCE: prompts read by a person, fetched as packages of Debian.",
)
@click.option("--language", help="Language of the recordings (ISO 639-1). [default: en, or that of the set]")
@click.option(
    "--tell/--detect",
    "told",
    default=None,
    help="Whether to tell the recogniser the language. [default: detect English and Mandarin, tell others]",
)
@click.option("--ignore-accents", is_flag=True, help="A wrong accent does not make a word wrong.")
@click.option(
    "--half",
    type=click.Choice(get_args(Half)),
    help="Recognition is tuned on one half of the recordings alone. [default: both]",
)
@click.option("--most", type=click.IntRange(1), help="Take at most this many recordings, spread evenly.")
@click.option("--worst", type=click.IntRange(0), default=10, show_default=True, help="Recordings to show.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Settings with the recogniser to measure.",
)
@click.option("--json", "json_file", type=OutputFile(), help="Write every transcript and figure to this file.")
def hearing(
    source: Path | None,
    public_set: str | None,
    language: str | None,
    told: bool | None,
    ignore_accents: bool,
    half: Half | None,
    most: int | None,
    worst: int,
    config: Path | None,
    json_file: Path | None,
) -> None:
    """Measure speech recognition on recordings whose words are known.

    SOURCE is a folder of NAME.wav (or another sound format) beside NAME.txt, the text spoken in it; or a CSV or TSV
    file whose rows are a sound file and its text. Each recording is recognised as the speech of a user in free talk.
    Shown are the words (in Chinese and Japanese the characters) that are wrong, first without regard to case,
    punctuation and how numbers are written, then with it, and the processor time.
    """
    if (source is None) == (public_set is None):
        raise click.UsageError("name either a folder or table of recordings, or a --set")
    set_language = public_set.rpartition("-")[2] if public_set else ""
    language = language or set_language or "en"
    told = language not in _DETECTED if told is None else told
    accents = not ignore_accents and set_language not in asterisk_prompts.UNACCENTED
    machine = this_machine()
    try:
        folder = source or asterisk_prompts.prompts_folder(set_language)
        recordings = chosen(recordings_at(folder), half, most)
        settings = load(config, environment=os.environ)
        heard = asyncio.run(_heard(settings, recordings, language=language, told=told, accents=accents))
    except (EngineError, EngineUnavailable, NoRecordings, SettingsError, WeightsError) as fault:
        raise click.ClickException(str(fault)) from None
    report = report_of(
        heard,
        machine=machine,
        source=public_set or str(source),
        half=half or "",
        language=language,
        language_told=told,
        engine=_engine_name(settings),
        settings=str(config or ""),
    )
    print_report(report, worst, SafeConsole())
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(report)))


async def _heard(
    settings: Settings, recordings: Sequence[Recording], *, language: str, told: bool, accents: bool
) -> list[Heard]:
    scheduler = Scheduler(settings.engines.workers)
    try:
        run = RecognitionRun(
            recognizer=await load_recognizer(settings.engines, scheduler),
            voice_activity=await load_voice_activity(settings.engines, scheduler),
            language=language,
            told=told,
            accents=accents,
        )
        try:
            shown = track(recordings, "recognising", console=SafeConsole(stderr=True), transient=True)
            return [await run.heard(recording) for recording in shown]
        finally:
            await run.voice_activity.close()
            await run.recognizer.close()
    finally:
        await scheduler.close()


def _engine_name(settings: Settings) -> str:
    """The recogniser with its options, as the settings choose it."""
    engines = settings.engines
    options = engines.options_of(engine_registry.find("asr", engines.asr))
    return f"{engines.asr} {msgspec.json.encode(options).decode()}"
