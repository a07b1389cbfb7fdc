import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.text import spoken_form as module
from kouyu.text.spoken_form import spoken_form


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("**Hello** _world_!", "Hello world!"),
        ("## A title", "A title"),
        ("- [x] milk and `eggs`", "milk and eggs"),
        ("See [the docs](http://a.b/c) now.", "See the docs now."),
        ("Visit https://www.example.com/a/b?x=1.", "Visit example dot com."),
        ("mail bob@ex.com!", "mail bob at ex dot com!"),
        ("| a | b |", "a, b"),
        ("Good 😀👍🏽 morning", "Good morning"),
        ("It costs $3.50, or 20% less.", "It costs three dollars and fifty cents, or twenty percent less."),
        ('He said "it\'s 5 km".', 'He said "it\'s five kilometers".'),
        ("$5.99/month", "five dollars and ninety nine cents per month"),
        ("the 1990s and 2010s", "the nineteen nineties and twenty tens"),
        ("call 555-1234", "call five five five, one two three four"),
        ("version 2.0.1", "version two point zero point one"),
        ("the #1 fan, No. 5", "the number one fan, number five"),
        ("open 24/7", "open twenty four seven"),
    ],
)
def test_english_is_read_as_words(written: str, spoken: str) -> None:
    assert spoken_form(written, "en") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("**你好**😀，世界。", "你好，世界。"),
        ("今天是2026年11月5日，气温-3℃。", "今天是二零二六年十一月五日，气温负三摄氏度。"),
        ("价格是￥35.5元，打8折。", "价格是三十五点五元，打八折。"),
        ("我有12345个苹果，2-3次。", "我有一万二千三百四十五个苹果，两到三次。"),
        ('他说"好"3次', '他说"好"三次'),
        ("访问 https://www.baidu.com/abc。好", "访问 baidu点com。好"),
        ("下午3:05见", "下午三点零五分见"),
    ],
)
def test_mandarin_is_read_as_words(written: str, spoken: str) -> None:
    assert spoken_form(written, "zh") == spoken


@pytest.mark.parametrize(
    "silent", ["", " ", "😀", "---", "```py\nprint(1)\n```", "```py\nunclosed", "**", "……", "| --- | --- |"]
)
def test_what_cannot_be_pronounced_is_nothing(silent: str) -> None:
    assert spoken_form(silent, "en") == spoken_form(silent, "zh") == ""


def test_control_characters_are_not_said() -> None:
    assert spoken_form("Good\x00 morning\x1b.", "en") == "Good morning."


def test_other_languages_keep_their_numbers() -> None:
    assert spoken_form("**Привет** 5", "ru") == "Привет 5"


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="0123456789.,-/:$%#&'\"() abc@+=°€￥年月", max_size=16), st.sampled_from(["en", "zh"]))
def test_no_written_text_breaks_the_reading(text: str, language: str) -> None:
    assert isinstance(spoken_form(text, language), str)


def test_a_sentence_that_the_rules_fail_at_is_said_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: str) -> str:
        raise KeyError("x")

    monkeypatch.setitem(module._IN_WORDS, "en", fails)
    assert spoken_form("It is 5.", "en") == "It is 5."
