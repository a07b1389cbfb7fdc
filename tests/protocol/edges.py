"""The limits of each kind of range, with values at them and beyond."""

from typing import Any

import msgspec

from kouyu.domain.number_ranges import Number, OneOf, WholeNumber
from kouyu.domain.object_ranges import AnyObject, Coordinates, MetaData, Objects, VariableNames
from kouyu.domain.ranges import Flag
from kouyu.domain.text_ranges import Choice, Keywords, LanguageTag, Text, TextInBytes, Texts
from kouyu.protocol.coze.merge import Field, fields_of


def leaves(kind: type[msgspec.Struct], path: str = "data") -> list[tuple[str, Field]]:
    found = []
    for field in fields_of(kind):
        here = f"{path}.{field.wire_name}"
        found += leaves(field.takes, here) if isinstance(field.takes, type) else [(here, field)]
    return found


def is_number(takes: Any) -> bool:
    return isinstance(takes, WholeNumber | Number)


class Edge(msgspec.Struct, frozen=True):
    """A value at a limit, one beyond it, what the error shows of that one, and where below the field it is."""

    limit: float
    at: Any
    beyond: Any
    shown: str
    place: str = ""


def edges(takes: Any) -> list[Edge]:
    """All limits of a range."""
    match takes:
        case Text(longest, shortest):
            found = [Edge(longest, "x" * longest, "x" * (longest + 1), f"{longest + 1} characters")]
            return found + [Edge(shortest, "x" * shortest, "", "0 characters")] * (shortest == 1)
        case TextInBytes(fewest, most):
            return [
                Edge(most, "x" * most, "x" * (most + 1), f"{most + 1} bytes"),
                Edge(fewest, "x" * fewest, "x" * (fewest - 1), f"{fewest - 1} bytes"),
            ]
        case Texts(most, longest):
            return [
                Edge(most, ["x"] * most, ["x"] * (most + 1), f"{most + 1} texts"),
                Edge(longest, ["x" * longest], ["x" * (longest + 1)], f"{longest + 1} characters", "[0]"),
            ]
        case Keywords(most, word):
            each = "x" * word.fewest
            words = [Edge(one.limit, [one.at], [one.beyond], one.beyond, "[0]") for one in edges(word)]
            return [Edge(most, [each] * most, [each] * (most + 1), f'["{each}", "{each}"'), *words]
        case AnyObject(deepest, most_bytes):
            rest = most_bytes - len('{"x":""}')
            return [
                Edge(most_bytes, {"x": "x" * rest}, {"x": "x" * (rest + 1)}, f"{most_bytes + 1} bytes"),
                Edge(deepest, nested(deepest), nested(deepest + 1), "deeper"),
            ]
        case MetaData(limits) | VariableNames(limits) | Coordinates(limits):
            key, value = "x" * (limits.key + 1), limits.value + 1
            return [
                Edge(limits.pairs, pairs(limits.pairs), pairs(limits.pairs + 1), f"{limits.pairs + 1} pairs"),
                Edge(limits.key, {"x" * limits.key: "x"}, {key: "x"}, key[:90]),
                Edge(limits.value, {"x": "x" * limits.value}, {"x": "x" * value}, f"{value} characters", ".x"),
            ]
        case Objects(_, of_each, most):
            whole = {name: "x" for name, _ in of_each}
            inner = [
                Edge(one.limit, [whole | {name: one.at}], [whole | {name: one.beyond}], one.shown, f"[0].{name}")
                for name, range in of_each
                for one in edges(range)
            ]
            return [Edge(most, [whole] * most, [whole] * (most + 1), f"{most + 1} objects"), *inner]
        case WholeNumber(low, high):
            return [Edge(low, low, low - 1, str(low - 1)), Edge(high, high, high + 1, str(high + 1))]
        case Number(low, high):
            return [Edge(low, low, low - 0.5, f"{low - 0.5}"), Edge(high, high, high + 0.5, f"{high + 0.5}")]
        case Flag() | OneOf() | Choice() | LanguageTag():
            return []
        case _:
            raise AssertionError(f"the limits of {type(takes).__name__}?")


def nested(deep: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(deep):
        value = {"x": value}
    assert isinstance(value, dict)
    return value


def pairs(count: int) -> dict[str, str]:
    return {f"x{index}": "x" for index in range(count)}
