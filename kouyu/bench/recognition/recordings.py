"""Recordings of speech with the texts that are spoken in them: from a folder, or from a table of files and texts."""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import Samples
from kouyu.audio.wav import decode_listening_audio

Half = Literal["tuning", "held-out"]

LONGEST_S: Final = 1800.0
"""Seconds of the longest recording that is read."""
_SOUNDS: Final = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".webm"})
_HEADINGS: Final = frozenset({"file", "path", "audio", "wav", "filename"})


class NoRecordings(Exception):
    """The recordings cannot be had; the text says why, and what to do."""


class Recording(msgspec.Struct, frozen=True):
    """A sound file and the text spoken in it. ``name`` is its path without the folder of the set."""

    name: str
    file: Path
    text: str

    @property
    def half(self) -> Half:
        """The half it belongs to, by its name alone: changes are made with one half, and reported with the other."""
        return "tuning" if hashlib.sha256(self.name.encode()).digest()[0] % 2 else "held-out"

    def samples(self) -> Samples:
        """Its audio, mono at SPEECH_RATE. Raises NoRecordings if it cannot be read."""
        try:
            return decode_listening_audio(self.file.read_bytes(), LONGEST_S)
        except (OSError, UndecodableAudio) as error:
            raise NoRecordings(f"{self.file} cannot be read: {error}") from error


def recordings_at(source: Path) -> list[Recording]:
    """The recordings of a folder (NAME.wav beside NAME.txt, also in folders below), or of a table of files and texts
    (CSV or TSV; paths are relative to the table). Raises NoRecordings."""
    try:
        found = list(_in_folder(source) if source.is_dir() else _in_table(source))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NoRecordings(f"{source} cannot be read: {error}") from error
    if not found:
        raise NoRecordings(
            f"{source} holds no recordings: put NAME.wav and NAME.txt, the text spoken in it, beside each other, "
            "or name a CSV or TSV file whose rows are a sound file and its text"
        )
    return found


def chosen(recordings: Sequence[Recording], half: Half | None, most: int | None) -> list[Recording]:
    """Those of one half, or all; at most ``most``, spread evenly. Raises NoRecordings if that leaves none."""
    wanted = [one for one in recordings if half in (None, one.half)]
    if not wanted:
        raise NoRecordings(f"none of the {len(recordings)} recordings is in the half {half!r}")
    if most is None or most >= len(wanted):
        return wanted
    return [wanted[at * len(wanted) // most] for at in range(most)]


def _in_folder(folder: Path) -> Iterator[Recording]:
    for file in sorted(folder.rglob("*")):
        beside = file.with_suffix(".txt")
        if file.suffix.lower() in _SOUNDS and beside.is_file():
            text = " ".join(beside.read_text(encoding="utf-8-sig").split())
            if text:
                yield Recording(str(file.relative_to(folder).with_suffix("")), file, text)


def _in_table(table: Path) -> Iterator[Recording]:
    tabs = table.suffix.lower() in (".tsv", ".txt")
    with table.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.reader(lines)
        for number, row in enumerate(rows, start=1):
            if not any(row) or (number == 1 and row[0].strip().lower() in _HEADINGS):
                continue
            if len(row) < 2 or not row[1].strip():
                raise NoRecordings(f"{table}, row {number}: expected a sound file and its text, found {row!r}")
            file = table.parent / row[0].strip()
            if not file.is_file():
                raise NoRecordings(f"{table}, row {number}: there is no file {file}")
            yield Recording(row[0].strip(), file, " ".join(row[1].split()))
