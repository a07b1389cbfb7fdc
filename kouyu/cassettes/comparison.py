"""Compares what a client sends with what the recorded client sent.

Two values are the same if only ids and times differ that the client itself made: their new values are then *carried
over*, that is, they replace the recorded ones wherever the recorded server repeats them.

| place | compared |
| --- | --- |
| the ``id`` of an event or object, and every field whose name ends in ``_id``, ``_uuid`` or ``Id`` | not, unless \
the server made the recorded id, or the field names something that the service keeps (``KEPT_BY_SERVICE``) |
| texts that are both UUIDs, or both times of the same form; numbers that are both Unix times of one unit | not |
| null, and a field that is missing | are the same |
| the recorded text is ``[redacted]`` | equals every text |
| everything else | by value |
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from kouyu.cassettes.format import REDACTED

KEPT_BY_SERVICE: Final = frozenset(
    {
        *("bot_id", "workflow_id", "app_id", "voice_id", "connector_id", "space_id", "workspace_id", "model_id"),
        *("group_id", "feature_id", "file_id", "dataset_id", "entity_id", "plugin_id", "section_id"),
    }
)
"""Ids of what the service keeps: a client that sends another one asks for something else."""
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_ISO: Final = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_FIRST_S: Final = 1_000_000_000
_LAST_S: Final = 5_000_000_000
_UNITS: Final = (1, 1_000, 1_000_000, 1_000_000_000)
"""Unix times count seconds, milliseconds, microseconds or nanoseconds; seconds lie between 2001 and 2128."""
_LONG_ID: Final = 8
_SHOWN: Final = 200
"""Characters of a value that a difference quotes."""

Scalar = str | int | float
Carried = dict[Scalar, Scalar]
"""New value by recorded value."""


class FieldDifference(msgspec.Struct, frozen=True):
    """The first field in which two values differ. ``path`` is such as ``data.content``; empty for the whole value."""

    path: str
    expected: str
    got: str


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


_ABSENT: Final = _Absent()


def compare(
    expected: Any,
    got: Any,
    carried: Mapping[Scalar, Scalar],
    made_by_server: Callable[[Scalar], bool] = lambda _: False,
) -> Carried | FieldDifference:
    """Compare a client's JSON value with the recorded one.

    ``carried`` is what earlier values have carried over; ``made_by_server`` says whether the recorded server sent an id
    before. Returns what this value carries over, or the first difference.
    """
    found: Carried = {}
    for path, name, old, new in _leaves(expected, got, "", ""):
        if _same(old, new) or old == REDACTED:
            continue
        if isinstance(old, str | int | float) and not isinstance(old, bool):
            if old in carried or old in found:
                if _same(found.get(old, carried.get(old)), new):
                    continue
            elif _made_by_client(name, old, new) and not made_by_server(old):
                found[old] = new
                continue
        return FieldDifference(path, shown(carried.get(old, old) if isinstance(old, str) else old), shown(new))
    return found


def carry_over(value: Any, carried: Mapping[Scalar, Scalar], name: str = "") -> Any:
    """A copy of a recorded JSON value with the client's new ids and times in it.

    Outside fields whose names say that they are ids, a text of fewer than 8 characters is no id.
    """
    match value:
        case dict():
            return {key: carry_over(item, carried, key) for key, item in value.items()}
        case list():
            return [carry_over(item, carried, name) for item in value]
        case bool() | None:
            return value
        case str():
            return carried.get(value, value) if len(value) >= _LONG_ID or _is_id_name(name) else value
        case int() | float():
            return carried.get(value, value)
        case _:
            return value


def carry_over_in_text(text: str, carried: Mapping[Scalar, Scalar]) -> str:
    """The same for a text that is not taken apart."""
    for old, new in carried.items():
        if isinstance(old, str) and len(old) >= _LONG_ID:
            text = text.replace(old, str(new))
    return text


def ids_in(value: Any, name: str = "") -> Iterator[Scalar]:
    """The ids in a JSON value: texts of fields whose names say that they are ids."""
    match value:
        case dict():
            for key, item in value.items():
                yield from ids_in(item, key)
        case list():
            for item in value:
                yield from ids_in(item, name)
        case str() if value and _is_id_name(name):
            yield value
        case _:
            return


def shown(value: Any) -> str:
    """A value in a report: as JSON, cut if it is long."""
    text = repr(value) if isinstance(value, _Absent) else msgspec.json.encode(value).decode(errors="replace")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


def _leaves(expected: Any, got: Any, path: str, name: str) -> Iterator[tuple[str, str, Any, Any]]:
    """Pairs of values that are not both objects or both lists: path, name of the field, recorded, new."""
    match expected, got:
        case dict(), dict():
            for key in [*expected, *(key for key in got if key not in expected)]:
                where = f"{path}.{key}" if path else key
                yield from _leaves(expected.get(key), got.get(key), where, key)
        case list(), list():
            for index in range(max(len(expected), len(got))):
                old = expected[index] if index < len(expected) else _ABSENT
                new = got[index] if index < len(got) else _ABSENT
                yield from _leaves(old, new, f"{path}[{index}]", name)
        case _:
            yield path, name, expected, got


def _same(expected: Any, got: Any) -> bool:
    return isinstance(expected, bool) == isinstance(got, bool) and bool(expected == got)


def _is_id_name(name: str) -> bool:
    return name in ("id", "uuid", "logid") or name.endswith(("_id", "_uuid", "Id", "ID"))


def _made_by_client(name: str, old: Scalar, new: Any) -> bool:
    if isinstance(new, bool) or not isinstance(new, str | int | float) or name in KEPT_BY_SERVICE:
        return False
    if _is_id_name(name):
        return isinstance(old, str) == isinstance(new, str) and old != "" and new != ""
    if isinstance(old, str) and isinstance(new, str):
        if any(form.fullmatch(old) and form.fullmatch(new) for form in (_UUID, _ISO)):
            return True
        return (
            old.isdecimal() and new.isdecimal() and _unit(int(old)) is not None and _unit(int(old)) == _unit(int(new))
        )
    if isinstance(old, str) or isinstance(new, str):
        return False
    return _unit(old) is not None and _unit(old) == _unit(new)


def _unit(number: float) -> int | None:
    """The fractions of a second that a Unix time counts; None if the number is none."""
    return next((unit for unit in _UNITS if _FIRST_S * unit <= number < _LAST_S * unit), None)
