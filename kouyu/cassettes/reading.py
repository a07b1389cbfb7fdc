"""Reads a cassette, and says where a file of it is broken."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from kouyu.cassettes.events import holds_audio
from kouyu.cassettes.format import (
    CONNECTION_FILES,
    HEADER_FILE,
    NAME,
    REQUESTS_FILE,
    VERSION,
    Cassette,
    Connection,
    Entry,
    Exchange,
    Header,
    Opening,
)

T = TypeVar("T")

_LONG_NUMBER: Final = re.compile(rb"[:,\[]\s*-?\d{18}")
_entries_decoder: Final = msgspec.json.Decoder(tuple[Entry, ...])


class UnreadableCassette(Exception):
    """The folder is no cassette, or a file of it cannot be read. The text names the file and the line."""


def read_cassette(folder: Path) -> Cassette:
    """Read a whole cassette. Raises UnreadableCassette."""
    header = _header(folder)
    try:
        exchanges = tuple(_lines(folder / REQUESTS_FILE, Exchange)) if (folder / REQUESTS_FILE).is_file() else ()
        connections = tuple(_connection(file) for file in sorted(folder.glob(CONNECTION_FILES)))
        names = {each.answer_body.file for each in exchanges} - {None}
        answer_files = {name: (folder / Path(name).name).read_bytes() for name in names if name is not None}
    except OSError as fault:
        raise UnreadableCassette(f"{fault.filename}: cannot be read: {fault.strerror}") from None
    return Cassette(header=header, connections=connections, exchanges=exchanges, answer_files=answer_files)


def _header(folder: Path) -> Header:
    file = folder / HEADER_FILE
    try:
        header = msgspec.json.decode(file.read_bytes(), type=Header)
    except OSError:
        raise UnreadableCassette(f"{folder} is no cassette: it has no {HEADER_FILE}") from None
    except msgspec.DecodeError as fault:
        raise UnreadableCassette(f"{file}: {fault}") from None
    if header.format != NAME:
        raise UnreadableCassette(f"{file}: the format is {header.format!r}, not {NAME!r}")
    if header.version > VERSION:
        raise UnreadableCassette(
            f"{file}: format version {header.version}; this kouyu reads up to {VERSION}: install a newer one"
        )
    return header


def _connection(file: Path) -> Connection:
    audio = file.with_suffix(".audio")
    lines = file.read_bytes().splitlines()
    if not lines:
        raise UnreadableCassette(f"{file}: the file is empty")
    opening = _decoded(file, 1, lines[0], Opening)
    entries = _entries(file, lines[1:])
    content = audio.read_bytes() if audio.is_file() else b""
    for number, entry in enumerate(entries, 2):
        _check(file, number, entry, len(content))
    return Connection(name=file.name, opening=opening, entries=entries, audio=content)


def _entries(file: Path, lines: list[bytes]) -> tuple[Entry, ...]:
    """Decode all lines at once, which takes a third of the time; one by one where that might lose something (numbers of
    more than 64 bits, lone surrogates), or a line is broken."""
    whole = b"[" + b",".join(lines) + b"]"
    if _LONG_NUMBER.search(whole) is None:
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            return _entries_decoder.decode(whole)
    return tuple(_decoded(file, number, line, Entry) for number, line in enumerate(lines, 2))


def _check(file: Path, line: int, entry: Entry, length: int) -> None:
    given = [each for each in (entry.event, entry.text, entry.binary, entry.close) if each is not None]
    if len(given) != 1:
        raise UnreadableCassette(f"{file}, line {line}: exactly one of event, text, binary and close is needed")
    if entry.audio is not None and not holds_audio(entry.event):
        raise UnreadableCassette(f"{file}, line {line}: audio belongs to an event that has a place for it")
    for piece in (entry.audio, entry.binary):
        if piece is not None and piece.offset is not None and piece.offset + piece.bytes > length:
            name = file.with_suffix(".audio").name
            raise UnreadableCassette(f"{file}, line {line}: its audio is beyond the end of {name} ({length} bytes)")


def _lines(file: Path, kind: type[T]) -> Iterator[T]:
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        yield _decoded(file, number, line, kind)


def _decoded(file: Path, number: int, line: bytes, kind: type[T]) -> T:
    try:
        # The standard library's decoder keeps numbers as they are written (1.0 stays 1.0, and no integer overflows).
        return msgspec.convert(json.loads(line), type=kind)
    except (ValueError, RecursionError, msgspec.ValidationError) as fault:
        raise UnreadableCassette(f"{file}, line {number}: {fault}") from None
