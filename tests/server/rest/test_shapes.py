"""Requests are checked against their types, and wrong ones are told where, what and what is allowed."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from kouyu.domain.errors import ProtocolError
from kouyu.server.rest.shapes import checked


class Inner(Struct):
    size: Annotated[float, Meta(ge=0.5, le=2)] = 1.0


class Shape(Struct):
    name: Annotated[str, Meta(min_length=1, max_length=5)]
    count: Annotated[int, Meta(ge=1, le=50)] | None = None
    kind: Literal["a", "b"] = "a"
    on: bool = False
    inner: Inner | None = None
    words: tuple[str, ...] = ()
    either: str | int = ""
    anything: Any = None


INFO = msgspec.inspect.type_info(Shape)


def read(given: dict[str, Any], *, from_text: bool = False) -> Shape:
    return msgspec.convert(checked(given, INFO, "", from_text=from_text), Shape)


def test_what_fits_is_taken_and_what_is_unknown_is_left_out() -> None:
    given = {"name": "x", "count": 3.0, "inner": {"size": 1}, "words": ["a"], "either": 7, "anything": [{}], "more": 1}
    assert read(given) == Shape("x", count=3, inner=Inner(1.0), words=("a",), either=7, anything=[{}])


def test_numbers_and_booleans_of_a_query_are_texts() -> None:
    assert read({"name": "1", "count": "3", "on": "true"}, from_text=True) == Shape("1", count=3, on=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "name: is missing"),
        ({"name": ""}, 'name: "" is not allowed; allowed: a text of 1 to 5 characters'),
        ({"name": 7}, "name: 7 is not allowed; allowed: a text of 1 to 5 characters"),
        ({"name": "x", "count": 51}, "count: 51 is not allowed; allowed: a whole number from 1 to 50"),
        ({"name": "x", "count": True}, "count: true is not allowed; allowed: a whole number from 1 to 50"),
        ({"name": "x", "kind": "c"}, 'kind: "c" is not allowed; allowed: a, b'),
        ({"name": "x", "on": "yes"}, 'on: "yes" is not allowed; allowed: true or false'),
        ({"name": "x", "inner": {"size": 3}}, "inner.size: 3 is not allowed; allowed: a number from 0.5 to 2"),
        ({"name": "x", "inner": 3}, "inner: 3 is not allowed; allowed: an object"),
        ({"name": "x", "words": ["a", 2]}, "words[1]: 2 is not allowed; allowed: a text"),
        ({"name": "x", "either": []}, "either: [] is not allowed; allowed: a text or a whole number"),
    ],
)
def test_what_is_wrong_is_reported_with_its_place_and_what_is_allowed(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ProtocolError) as told:
        read(given)
    assert told.value.msg == said
