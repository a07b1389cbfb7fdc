from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.text.sensitive_words import SensitiveWords, SensitiveWordsError, default_words, words_of_file


@pytest.mark.parametrize(
    ("text", "signed"),
    [
        ("You ass!", "You ***!"),
        ("first class, ASS, Ａｓｓ", "first class, ***, ***"),
        ("as soon as s", "as soon as s"),
        ("你是傻瓜吗", "你是**吗"),
        ("傻 瓜", "* *"),
        ("我真傻，瓜不甜", "我真傻，瓜不甜"),
        ("bad  word and badword", "***  **** and badword"),
        ("你是idiot吧", "你是*****吧"),
    ],
)
def test_each_letter_of_a_signed_word_becomes_a_star(text: str, signed: str) -> None:
    assert SensitiveWords(signed=["ass", "傻瓜", "Bad Word", "idiot"]).blotted_out(text) == signed


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a foo day", "a day"),
        ("Foo, go away", "go away"),
        ("go away, foo.", "go away,."),
        ("你这坏蛋，走开", "你这，走开"),
        ("坏蛋。", ""),
    ],
)
def test_nothing_is_left_of_a_removed_word(text: str, left: str) -> None:
    assert SensitiveWords(removed=["foo", "坏蛋"]).blotted_out(text) == left


def test_of_words_that_overlap_none_shows_and_the_longest_decides() -> None:
    words = SensitiveWords(signed=["甲乙", "乙丙", "damn"], removed=["damn you"])
    assert words.blotted_out("x甲乙丙y") == "x***y"
    assert words.blotted_out("damn it, damn you all") == "**** it, all"


def test_a_word_under_both_treatments_is_removed() -> None:
    assert SensitiveWords(signed=["foo"], removed=["FOO"]).blotted_out("my foo bar") == "my bar"


def test_an_interim_transcript_shows_no_whole_word() -> None:
    words = SensitiveWords(signed=["secret plan", "秘密计划"])
    for text in ("the secret plan is on", "这个秘密计划开始了"):
        for end in range(len(text) + 1):
            shown = words.blotted_out(text[:end])
            assert "secret plan" not in shown
            assert "秘密计划" not in shown


def test_without_words_nothing_changes() -> None:
    assert SensitiveWords(signed=["", " "]).blotted_out("anything at all") == "anything at all"


def test_the_list_of_the_package_has_words_and_leaves_ordinary_ones_alone() -> None:
    words = SensitiveWords(signed=default_words())
    assert words.blotted_out("Fucking hell") == "******* hell"
    ordinary = "Scunthorpe, class, cocktail, shitake, 我妈的手机，他妈妈的车"
    assert words.blotted_out(ordinary) == ordinary


def test_an_operators_file_has_a_word_on_each_line(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("# ours\nfoo bar\n\n 坏蛋 \n", encoding="utf-8")
    assert words_of_file(file) == ("foo bar", "坏蛋")
    with pytest.raises(SensitiveWordsError, match=r"none\.txt"):
        words_of_file(tmp_path / "none.txt")


TEXT = st.text(alphabet="ab 坏蛋，.B　", max_size=20) | st.text(max_size=20)


@given(TEXT, st.lists(TEXT, max_size=5), st.lists(TEXT, max_size=5))
def test_no_word_breaks_the_filter_and_signing_keeps_the_length(
    text: str, signed: list[str], removed: list[str]
) -> None:
    assert isinstance(SensitiveWords(signed=signed, removed=removed).blotted_out(text), str)
    plain = text.replace("\x00", "")
    blotted = SensitiveWords(signed=signed).blotted_out(plain)
    assert len(blotted) in (0, len(plain))
