"""Pieces of text one after the other."""

import pytest

from kouyu.text.joining import appended, separator


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        ("Good morning.", "How are you?", "Good morning. How are you?"),
        ("你好。", "今天天气怎么样？", "你好。今天天气怎么样？"),
        ("你好", "世界", "你好世界"),
        ("我喜欢", "Python", "我喜欢Python"),
        ("I like", "北京", "I like北京"),
        ("Well, ", "yes.", "Well, yes."),
        ("", "yes.", "yes."),
        ("Yes.", "", "Yes."),
    ],
)
def test_a_space_stands_where_the_language_writes_one(before: str, after: str, whole: str) -> None:
    assert appended(before, after) == whole
    assert before + separator(before, after) + after == whole
