import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.text.punctuation import punctuated, unpunctuated


@pytest.mark.parametrize(
    "question",
    [
        "what time is it",
        "how are you",
        "what's your name",
        "so, can you help me",
        "who won the game",
        "what kind of food do they have",
        "don't you think",
        "why not",
        "you're coming, right",
        "Well. Which one",
    ],
)
def test_an_english_question_gets_its_mark(question: str) -> None:
    assert punctuated(question, "en", final=True) == question + "?"


@pytest.mark.parametrize(
    "statement",
    [
        "hello there",
        "what a nice day",
        "what I want is tea",
        "when I was young I swam",
        "have a nice day",
        "don't do that",
        "I know what you mean",
        "which is why I left",
        "how nice",
    ],
)
def test_other_english_gets_a_full_stop(statement: str) -> None:
    assert punctuated(statement, "en", final=True) == statement + "."


@pytest.mark.parametrize(
    "question",
    [
        "你好吗",
        "今天天气怎么样",
        "你呢",
        "你叫什么名字",
        "多少钱",
        "你去不去",
        "能不能帮我",
        "现在几点",
        "你知道他是谁",
    ],
)
def test_a_mandarin_question_gets_its_mark(question: str) -> None:
    assert punctuated(question, "zh", final=True) == question + "？"


@pytest.mark.parametrize(
    "statement",
    ["你好", "我不知道什么", "没什么", "谁都可以", "什么都行", "他还没来呢", "好吧", "我知道他是谁", "那么"],
)
def test_other_mandarin_gets_a_full_stop(statement: str) -> None:
    assert punctuated(statement, "zh", final=True) == statement + "。"


def test_what_ends_already_is_left_so() -> None:
    for text in ("Yes.", "Really?!", "wait...", 'He said "go."', "At 2 p.m.", "好。", "他说：“好。”", "嗯……"):
        assert punctuated(text, "zh" if text[0] > "z" else "en", final=True) == text


def test_a_comma_at_the_end_gives_way_to_the_full_stop() -> None:
    assert punctuated("hello,", "en", final=True) == "hello."
    assert punctuated("你好，", "zh", final=True) == "你好。"


def test_an_interim_transcript_gets_no_full_stop() -> None:
    assert punctuated("what time is", "en", final=False) == "what time is"
    assert punctuated("你好吗", "zh", final=False) == "你好吗"


def test_marks_after_han_letters_are_full_width_and_others_are_not() -> None:
    assert punctuated("你好, 世界! Python 3.11, 今天3.5度.", "zh", final=True) == "你好，世界！Python 3.11, 今天3.5度。"


def test_other_languages_keep_what_they_have() -> None:
    assert punctuated("Bonjour", "fr", final=True) == "Bonjour"


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Hello, world! How are you?", "Hello world How are you"),
        ("Don't, it's well-known.", "Don't it's well-known"),
        ("At 2:30 p.m., $3.50 -- or 25%!", "At 2:30 p.m. $3.50 or 25%"),
        ("See example.com; it's 1,000 (or -5).", "See example.com it's 1,000 or -5"),
        ("你好，世界！他说：“好”。", "你好世界他说好"),
        ("我用 Python, 你呢？", "我用 Python 你呢"),
        ("一共3，5个，是25%。", "一共3 5个是25%"),
        ("……", ""),
    ],
)
def test_off_no_punctuation_is_left_but_what_belongs_to_words_and_numbers(text: str, bare: str) -> None:
    assert unpunctuated(text) == bare


@given(st.text(max_size=60), st.sampled_from(["en", "zh", "", "ja"]), st.booleans())
def test_no_letter_is_lost_or_added(text: str, language: str, final: bool) -> None:
    def letters(of: str) -> list[str]:
        return [letter for letter in of if letter.isalnum()]

    assert letters(punctuated(text, language, final=final)) == letters(text)
    assert letters(unpunctuated(text)) == letters(text)
    assert unpunctuated(unpunctuated(text)) == unpunctuated(text)
