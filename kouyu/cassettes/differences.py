"""Finds the first difference between a message of a client and the one that a script expects."""

from collections.abc import Set
from typing import Any

import msgspec

from kouyu.cassettes.comparison import Carried, FieldDifference, Scalar, compare, shown
from kouyu.cassettes.events import event_type_of
from kouyu.cassettes.script import Script


class Difference(msgspec.Struct, frozen=True):
    """The first thing that a client did and the recorded one did not. ``place`` is a file and its line."""

    place: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.place}: expected {self.expected}; got {self.got}"


def compare_message(
    script: Script, number: int, audio: int, value: Any, carried: Carried, rest_ids: Set[Scalar]
) -> Carried | Difference:
    """Compare a message with the ``number``-th that the script expects, and the audio (bytes) before it.

    ``rest_ids`` are ids that the server sent outside this connection. Returns what the message carries over, or the
    difference.
    """
    if not expects(script, number, value):
        return unexpected(script, number, kind_of(value))
    expected = script.expected[number]
    most = expected.most_audio if script.has_audio else 0
    if audio < expected.least_audio or (most is not None and audio > most):
        recorded = expected.audio if expected.ends_audio else expected.heard
        about = "about" if expected.ends_audio else "at least about"
        what = f"{about} {recorded} bytes of audio before {kind_of(expected.value)}"
        return difference_at(script, expected.index, what, f"{audio} bytes")

    def made_by_server(each: Scalar) -> bool:
        return each in rest_ids or script.server_ids.get(each, expected.index) < expected.index

    found = compare(_without_id(expected.value), _without_id(value), carried, made_by_server)
    if isinstance(found, FieldDifference):
        what = f"{kind_of(expected.value)} with {found.path} {found.expected}" if found.path else found.expected
        return difference_at(script, expected.index, what, found.got)
    if isinstance(expected.value, dict) and isinstance(value, dict):
        old, new = expected.value.get("id"), value.get("id")
        if isinstance(old, str | int) and isinstance(new, str | int):
            found[old] = new
    return found


def expects(script: Script, number: int, value: Any) -> bool:
    """Whether the ``number``-th message that the script expects is of the kind of this one."""
    return number < len(script.expected) and kind_of(script.expected[number].value) == kind_of(value)


def unexpected(script: Script, number: int, got: str) -> Difference:
    """The difference of something of another kind than the ``number``-th message that the script expects."""
    if number == len(script.expected):
        return difference_at(script, script.last_index, "no more message", got)
    expected = script.expected[number]
    return difference_at(script, expected.index, kind_of(expected.value), got)


def difference_at(script: Script, index: int, expected: str, got: str) -> Difference:
    """A difference at an entry of the recording."""
    connection = script.connection
    return Difference(f"{connection.name}, line {connection.line_of(index)}", expected, got)


def kind_of(value: Any) -> str:
    """What a message is called in a report: its event type, else the message itself."""
    kind = event_type_of(value) if isinstance(value, dict) else ""
    return kind or f"the message {shown(value)}"


def _without_id(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: item for name, item in value.items() if name != "id"}
