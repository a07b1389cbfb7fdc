"""Each range checks its values, and says what they are in words and as a schema."""

import inspect
from typing import Any

import msgspec
import pytest

from kouyu.domain import number_ranges, object_ranges, ranges, text_ranges
from kouyu.domain.errors import InvalidField
from kouyu.domain.number_ranges import Number, OneOf, WholeNumber
from kouyu.domain.object_ranges import AnyObject, Coordinates, MapLimits, MetaData, Objects, VariableNames
from kouyu.domain.ranges import Flag, Range
from kouyu.domain.text_ranges import Choice, KeepWhenEmpty, Keywords, LanguageTag, Text, TextInBytes, Texts
from kouyu.domain.tool_calls import ToolOutput

EACH: list[Range] = [
    OneOf((1, 2)),
    WholeNumber(1, 3, "ms"),
    Number(0.5, 2.0),
    Choice(("a", "b")),
    LanguageTag(("zh", "de-DE")),
    Flag(),
    Text(5, shortest=1),
    TextInBytes(1, 5),
    Texts(most=2, longest=5),
    Keywords(),
    MetaData(),
    VariableNames(),
    Coordinates(),
    AnyObject(),
    Objects(ToolOutput, (("tool_call_id", Text()), ("output", Text())), most=2),
]
TYPES: dict[str, type | tuple[type, ...]] = {
    "integer": int,
    "number": (int, float),
    "string": str,
    "boolean": bool,
    "array": list,
    "object": dict,
}
VALUES: list[Any] = [1, 1.5, "a", "zh", True, ["long enough"], {"tool_call_id": "1"}]
NAMES = [type(each).__name__ for each in EACH]


def test_every_range_is_here() -> None:
    structs = [
        each
        for module in (ranges, number_ranges, text_ranges, object_ranges)
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, msgspec.Struct) and each.__module__ == module.__name__
    ]
    here: set[type] = {type(each) for each in EACH}
    assert here == {*structs} - {KeepWhenEmpty, MapLimits}


@pytest.mark.parametrize("each", EACH, ids=NAMES)
def test_a_value_of_another_type_than_the_schema_says_is_refused_with_what_is_allowed(each: Range) -> None:
    others = [value for value in VALUES if not isinstance(value, TYPES[each.schema["type"]])]
    assert others
    for value in others:
        with pytest.raises(InvalidField) as refused:
            each.check("data.field", value)
        assert each.allowed in refused.value.allowed


@pytest.mark.parametrize(
    ("each", "longest"), [(Text(5), 5), (TextInBytes(1, 5), 5), (Keywords().word, 24)], ids=["Text", "bytes", "keyword"]
)
def test_the_longest_text_of_a_schema_is_taken_and_a_longer_one_is_not(each: Range, longest: int) -> None:
    assert each.schema["maxLength"] == longest
    each.check("data.field", "x" * longest)
    with pytest.raises(InvalidField):
        each.check("data.field", "x" * (longest + 1))


def test_the_fewest_bytes_of_a_keyword_may_be_two_characters() -> None:
    wide = "𠮷" * 2
    assert (len(wide), len(wide.encode())) == (Keywords().schema["items"]["minLength"], 8)
    assert Keywords().check("data.field", [wide]) == (wide,)
    with pytest.raises(InvalidField):
        Keywords().check("data.field", ["𠮷"])
