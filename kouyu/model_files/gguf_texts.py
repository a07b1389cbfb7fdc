"""Reads texts out of the description at the head of a GGUF file, such as a language model's chat template."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Final

from kouyu.model_files.gguf_file import BadModel

_HEADER: Final = struct.Struct("<4sIQQ")
_NUMBER: Final = struct.Struct("<Q")
_TYPE: Final = struct.Struct("<I")
_ARRAY_HEAD: Final = struct.Struct("<IQ")
_SIZES: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of each value type of fixed size."""
_TEXT: Final = 8
_ARRAY: Final = 9


def gguf_text(path: Path, key: str) -> str | None:
    """The text at ``key`` of the file's description; None if there is none. Raises BadModel, OSError."""
    with path.open("rb") as file:
        try:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise BadModel("it is empty") from error
        with content:
            try:
                return _find(content, key.encode())
            except (struct.error, KeyError, UnicodeDecodeError) as error:
                raise BadModel(f"its description cannot be read: {error}") from error


def _find(content: mmap.mmap, key: bytes) -> str | None:
    magic, _, _, pairs = _HEADER.unpack_from(content, 0)
    if magic != b"GGUF":
        raise BadModel("it is not a GGUF file")
    at = _HEADER.size
    for _ in range(pairs):
        begin, at = _text_at(content, at)
        found = content[begin:at] == key
        (kind,) = _TYPE.unpack_from(content, at)
        at += _TYPE.size
        if found and kind == _TEXT:
            begin, end = _text_at(content, at)
            return content[begin:end].decode()
        at = _after(content, at, kind)
    return None


def _text_at(content: mmap.mmap, at: int) -> tuple[int, int]:
    """Where the text begins and ends whose length stands at ``at``."""
    (length,) = _NUMBER.unpack_from(content, at)
    begin = at + _NUMBER.size
    return begin, begin + length


def _after(content: mmap.mmap, at: int, kind: int) -> int:
    """The position after the value at ``at``."""
    if kind == _TEXT:
        return _text_at(content, at)[1]
    if kind != _ARRAY:
        return at + _SIZES[kind]
    item, count = _ARRAY_HEAD.unpack_from(content, at)
    at += _ARRAY_HEAD.size
    if item in _SIZES:
        return at + int(count) * _SIZES[item]
    for _ in range(count):
        at = _after(content, at, item)
    return at
