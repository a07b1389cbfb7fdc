"""Finds unknown fields of an update, and unknown events, that are probably misspelt or misplaced known ones."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Final

import msgspec

from kouyu.protocol.coze.merge import fields_of

_MOST: Final = 10
"""Most fields reported per update, and most unknown fields examined per object."""
_LONGEST_NAME: Final = 64
"""Characters of a name; the longest known field name is less than half as long."""
_SIMILARITY: Final = 0.75
"""Least similarity, 0 to 1: ``samplerate`` and ``sample_rate`` have 0.95, ``vad_type`` and ``type`` 0.67."""


def misspelt_fields(kind: type[msgspec.Struct], update: Mapping[str, object]) -> list[str]:
    """A sentence for each unknown field of ``update``, the data of an update of ``kind``, that is probably meant as a
    known one: a field of the same object with a similar name, or a field of this name elsewhere."""
    places = dict(_places(kind, "data"))
    return list(islice(_misspelt(kind, update, "data", places), _MOST))


def meant_event(event_type: str, known: Collection[str]) -> str:
    """The known event type that is probably meant by an unknown one, or ""."""
    return next(iter(get_close_matches(event_type[:_LONGEST_NAME].lower(), known, 1)), "")


def _misspelt(kind: type[msgspec.Struct], update: object, path: str, places: dict[str, str]) -> Iterator[str]:
    if not isinstance(update, Mapping):
        return
    known = {field.wire_name: field.takes for field in fields_of(kind)}
    for name, takes in known.items():
        if isinstance(takes, type):
            yield from _misspelt(takes, update.get(name), f"{path}.{name}", places)
    for name in islice((name for name in update if name not in known and len(name) <= _LONGEST_NAME), _MOST):
        similar = get_close_matches(name.lower(), known, 1, _SIMILARITY)
        meant = f"{path}.{similar[0]}" if similar else places.get(name)
        if meant is not None:
            yield f"{path}.{name} is not known and has no effect; {meant} may be meant"


def _places(kind: type[msgspec.Struct], path: str) -> Iterator[tuple[str, str]]:
    """Each field's name with its path; of several fields of one name the outermost, last."""
    for field in fields_of(kind):
        if isinstance(field.takes, type):
            yield from _places(field.takes, f"{path}.{field.wire_name}")
    for field in fields_of(kind):
        yield field.wire_name, f"{path}.{field.wire_name}"
