import logging

import pytest

from kouyu.text.readable import readable


@pytest.mark.parametrize(
    ("text", "languages", "read"),
    [
        ("你好。", ("en",), ""),
        ("The word 你好 means hello.", ("en",), "The word means hello."),
        ("Nguyễn ordered a café au lait for 5.", ("en",), "Nguyễn ordered a café au lait for 5."),
        ("Գ and Hello", ("en",), " and Hello"),
        ("我用Python。", ("zh", "en"), "我用Python。"),
        ("今日は", ("ja",), "今日は"),
        ("今日は", ("zh",), ""),
        ("Grüße, 你好", ("de",), "Grüße, "),
        ("Привіт Hello", ("uk",), "Привіт "),
        ("வணக்கம்", ("ta",), "வணக்கம்"),
        ("42!", ("en",), "42!"),
        ("...", ("en",), ""),
        ("", ("en",), ""),
    ],
)
def test_what_a_voice_cannot_read_is_left_out(text: str, languages: tuple[str, ...], read: str) -> None:
    assert readable(text, languages) == read


def test_what_is_left_out_is_logged_without_being_quoted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        readable("Hello.", ("en",))
        assert not caplog.records
        readable("Hello 你好.", ("en",))
    assert [record.getMessage() for record in caplog.records] == [
        "left out 2 letters of a script that a voice for en cannot read"
    ]
