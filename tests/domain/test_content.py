"""The parts of an object_string."""

import json
from typing import Any

import pytest

from kouyu.domain.content import AudioPart, FilePart, ImagePart, TextPart, parse_parts
from kouyu.domain.errors import InvalidField


def test_all_kinds_of_parts_are_read_in_order() -> None:
    parts = [
        {"type": "text", "text": "what is this"},
        {"type": "image", "file_id": "1"},
        {"type": "file", "file_url": "http://example.com/a.pdf", "file_id": None},
        {"type": "audio", "file_id": "2", "newer_field": True},
    ]
    assert parse_parts(json.dumps(parts)) == (
        TextPart("what is this"),
        ImagePart(file_id="1"),
        FilePart(file_url="http://example.com/a.pdf"),
        AudioPart(file_id="2"),
    )


@pytest.mark.parametrize("content", ["", "hello", "{}", "[]", '"text"', "[1", "[" * 100_000])
def test_anything_but_an_array_with_a_part_is_refused(content: str) -> None:
    with pytest.raises(InvalidField) as caught:
        parse_parts(content)
    assert caught.value.field == "data.content"


@pytest.mark.parametrize(
    ("part", "field"),
    [
        (1, "data.content[1]"),
        ({}, "data.content[1].type"),
        ({"type": "video"}, "data.content[1].type"),
        ({"type": ["text"]}, "data.content[1].type"),
        ({"type": "text"}, "data.content[1].text"),
        ({"type": "text", "text": 5}, "data.content[1].text"),
        ({"type": "image"}, "data.content[1].file_id"),
        ({"type": "file", "file_id": ""}, "data.content[1].file_id"),
        ({"type": "audio", "file_url": 5}, "data.content[1].file_url"),
    ],
)
def test_a_bad_part_is_named_by_its_place(part: Any, field: str) -> None:
    with pytest.raises(InvalidField) as caught:
        parse_parts(json.dumps([{"type": "text", "text": "x"}, part]))
    assert caught.value.field == field


def test_the_text_of_unreadable_content_is_not_repeated() -> None:
    with pytest.raises(InvalidField) as caught:
        parse_parts("my secret")
    assert "secret" not in caught.value.msg
