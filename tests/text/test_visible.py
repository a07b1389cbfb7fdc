"""What of a text a terminal is given."""

import pytest

from kouyu.text.visible import on_one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07\x1b[2J", r"\x1b]0;title\x07\x1b[2J"),
        ("\x9b31m", r"\x9b31m"),
        ("a\rb\x7f", r"a\rb\x7f"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2028", r"\u2028"),
        ("\ud83d", r"\ud83d"),
        ("你好\u3000🙂👩\u200d🚀 é\tä\nö", "你好\u3000🙂👩\u200d🚀 é\tä\nö"),
    ],
)
def test_controls_are_shown_and_letters_stay(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_on_one_line() -> None:
    assert on_one_line("a\nb\tc\x1b") == r"a\nb\tc\x1b"
