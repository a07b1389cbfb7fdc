import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.text.language import language_of, split_by_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How are you?", "en"),
        ("今天天气怎么样？", "zh"),
        ("我喜欢用 Python 写程序", "zh"),
        ("The word 你好 means hello", "en"),
        ("これは日本語です", "ja"),
        ("안녕하세요", "ko"),
        ("Привет", "ru"),
        ("3.14 + 2 = ?", ""),
        ("", ""),
    ],
)
def test_the_script_tells_the_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_a_mixed_text_is_cut_where_its_language_changes() -> None:
    assert split_by_language("“我在用 Python 3，很好。OK!") == [
        ("zh", "“我在用 "),
        ("en", "Python 3，"),
        ("zh", "很好。"),
        ("en", "OK!"),
    ]
    assert split_by_language("42") == [("", "42")]


@given(st.text(max_size=60))
def test_the_parts_of_a_text_are_the_text(text: str) -> None:
    parts = split_by_language(text)
    assert "".join(part for _, part in parts) == text
    assert all(one[0] != other[0] for one, other in itertools.pairwise(parts))
