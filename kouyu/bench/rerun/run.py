"""Runs records with the engines of several settings."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from kouyu.bench.rerun.rerun_engines import open_engines
from kouyu.bench.rerun.results import Results, heard, results_of
from kouyu.bench.rerun.virtual_session import rerun
from kouyu.recording.frames import SUFFIX, RecordError
from kouyu.recording.record_file import Record, read_record
from kouyu.recording.timeline import Timeline
from kouyu.settings import Settings


class Rerun(msgspec.Struct, frozen=True, kw_only=True):
    """One record, as it was and with each choice of settings."""

    path: Path
    recorded: Results
    today: dict[str, Results]


def records_at(path: Path) -> list[Path]:
    """The record itself, or all records in and below a folder. Raises RecordError if there is none."""
    found = [path] if path.is_file() else sorted(path.rglob(f"*{SUFFIX}"))
    if not found:
        raise RecordError(f"{path}: there is no {SUFFIX} file in this folder")
    return found


def rerun_all(paths: Sequence[Path], settings: Mapping[str, Settings]) -> list[Rerun]:
    """Run all records with each of the settings in turn. Raises RecordError, EngineError, EngineUnavailable."""
    records = {path: read_record(path) for path in paths}
    before = {path: results_of(Timeline(record).turns()) for path, record in records.items()}
    references = {path: _reference(path, results) for path, results in before.items()}
    recorded = {path: results_of(Timeline(record).turns(), references[path]) for path, record in records.items()}
    today = {label: asyncio.run(_rerun_with(chosen, records, references)) for label, chosen in settings.items()}
    return [
        Rerun(path=path, recorded=recorded[path], today={label: found[path] for label, found in today.items()})
        for path in paths
    ]


def _reference(path: Path, recorded: Results) -> str:
    """What was said: the text file beside the record, where somebody corrected it, else what was heard."""
    corrected = path.with_suffix(".txt")
    return corrected.read_text(encoding="utf-8") if corrected.is_file() else heard(recorded.turns)


async def _rerun_with(
    settings: Settings, records: Mapping[Path, Record], references: Mapping[Path, str]
) -> dict[Path, Results]:
    async with open_engines(settings) as engines:
        return {path: results_of(await rerun(record, engines), references[path]) for path, record in records.items()}
