"""Finds files named in tools' outputs: a client's tool uploads a picture and returns ``{"image": "<file_id>"}``."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from kouyu.domain.content import FilePart, ImagePart, parse_parts
from kouyu.domain.errors import InvalidField
from kouyu.text.untrusted_json import decode_untrusted

_MOST: Final = 8
_DEEPEST: Final = 4
_IMAGE_KEYS: Final = frozenset({"image", "images", "image_id", "picture", "photo"})
_FILE_KEYS: Final = frozenset({"file", "files", "file_id"})
_ID: Final = re.compile(r"\d{15,20}")
"""The form of upload ids, which a plugin may return under any key."""


class NamedFile(msgspec.Struct, frozen=True):
    """A file that an output seems to name. ``is_certain``: the output says so; otherwise it is a number in the form of
    an id, which counts only if such an upload exists."""

    part: ImagePart | FilePart
    is_certain: bool


def named_files(output: str) -> tuple[NamedFile, ...]:
    """Return the files that an output names, at most 8: as parts of an ``object_string``, or by their ids in a JSON
    object. URLs in an object are ignored: search results are full of them."""
    if output[:1] not in "{[" or not output:
        return ()
    try:
        value = decode_untrusted(output)
    except msgspec.DecodeError:
        return ()
    parts = _parts(output) if isinstance(value, list) else None
    found = [*parts] if parts is not None else [*_found(value, "", 0)]
    return tuple(found[:_MOST])


def _parts(output: str) -> list[NamedFile] | None:
    try:
        parts = parse_parts(output)
    except InvalidField:
        return None
    return [NamedFile(part, True) for part in parts if isinstance(part, ImagePart | FilePart)]


def _found(value: Any, key: str, depth: int) -> Iterator[NamedFile]:
    match value:
        case dict() if depth < _DEEPEST:
            for name, inner in value.items():
                yield from _found(inner, name.lower(), depth + 1)
        case list() if depth < _DEEPEST:
            for inner in value:
                yield from _found(inner, key, depth + 1)
        case str() if _ID.fullmatch(value):
            part = ImagePart(file_id=value) if key in _IMAGE_KEYS else FilePart(file_id=value)
            yield NamedFile(part, key in _IMAGE_KEYS | _FILE_KEYS)
