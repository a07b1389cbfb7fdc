import pytest

from kouyu.engines.turn.ending import Ending
from kouyu.engines.turn.text_completeness import text_completeness, text_ending

ENGLISH = [
    ("Yes, please.", Ending.ANSWER),
    ("Um, no thanks.", Ending.ANSWER),
    ("Mm-hmm.", Ending.ANSWER),
    ("I don’t know", Ending.ANSWER),
    ("What's the weather like today?", Ending.CLOSED),
    ("Turn it off right now", Ending.CLOSED),
    ("A coffee for me please", Ending.CLOSED),
    ("My brother lives in Chicago", Ending.UNKNOWN),
    ("It works very well.", Ending.UNKNOWN),
    ("Turn the lights on", Ending.UNKNOWN),
    ("Who is it for?", Ending.UNKNOWN),
    ("Do you know where it is", Ending.UNKNOWN),
    ("What is that?", Ending.UNKNOWN),
    ("Who are you?", Ending.UNKNOWN),
    ("I want", Ending.LOOSE),
    ("My favourite one is the second", Ending.LOOSE),
    ("I went home and", Ending.DANGLING),
    ("Open the.", Ending.DANGLING),
    ("I stayed because", Ending.DANGLING),
    ("I'd like to go to", Ending.DANGLING),
    ("Can you", Ending.DANGLING),
    ("He told me that", Ending.DANGLING),
    ("If you see my brother", Ending.DANGLING),
    ("If you see my brother, call me tonight", Ending.CLOSED),
    ("I would like, um", Ending.HESITATING),
    ("Uh...", Ending.HESITATING),
    ("Let me think", Ending.HESITATING),
    ("My number is 415 555", Ending.DICTATING),
    ("five five five one two", Ending.DICTATING),
    ("My number is 415 555 0123", Ending.UNKNOWN),
    ("It was built in 1998", Ending.UNKNOWN),
]

MANDARIN = [
    ("好的。", Ending.ANSWER),
    ("嗯，对", Ending.ANSWER),
    ("没有", Ending.ANSWER),
    ("明天会下雨吗？", Ending.CLOSED),
    ("我们走吧", Ending.CLOSED),
    ("你叫什么", Ending.CLOSED),
    ("请打开客厅的空调", Ending.UNKNOWN),
    ("嗯", Ending.UNKNOWN),
    ("我想去成都", Ending.UNKNOWN),
    ("我要那个", Ending.UNKNOWN),
    ("我想买一本", Ending.LOOSE),
    ("我要红色的", Ending.LOOSE),
    ("我没去是因为", Ending.DANGLING),
    ("我沒去是因為", Ending.DANGLING),
    ("有时间的话，", Ending.DANGLING),
    ("我把钥匙放在", Ending.DANGLING),
    ("我觉得", Ending.DANGLING),
    ("你有没有", Ending.DANGLING),
    ("如果明天下雨", Ending.DANGLING),
    ("如果明天下雨我就不去了", Ending.CLOSED),
    ("我想要，那个", Ending.HESITATING),
    ("然后就是", Ending.HESITATING),
    ("我的电话是138", Ending.DICTATING),
    ("电话号码是一三八零零", Ending.DICTATING),
    ("我的电话是13800138000", Ending.UNKNOWN),
    ("验证码是839201", Ending.UNKNOWN),
]


@pytest.mark.parametrize(("text", "ending"), ENGLISH)
def test_english_endings(text: str, ending: Ending) -> None:
    assert text_ending(text, "en") == ending


@pytest.mark.parametrize(("text", "ending"), MANDARIN)
def test_mandarin_endings(text: str, ending: Ending) -> None:
    assert text_ending(text, "zh") == ending


@pytest.mark.parametrize(
    ("text", "language"), [("", ""), ("", "en"), ("...", ""), ("今日は", "ja"), ("Ich möchte", "de"), ("Chicago", "en")]
)
def test_a_text_that_says_nothing_gets_about_a_half(text: str, language: str) -> None:
    expected = 1 / (1 + 2.718281828**2) if text == "..." else 0.5
    assert text_completeness(text, language) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("texts", "language"), [(ENGLISH, "en"), (MANDARIN, "zh")])
def test_finished_texts_are_over_a_half_and_unfinished_ones_below(
    texts: list[tuple[str, Ending]], language: str
) -> None:
    for text, ending in texts:
        if ending in {Ending.ANSWER, Ending.CLOSED}:
            assert text_completeness(text, language) > 0.7, text
        elif ending != Ending.UNKNOWN:
            assert text_completeness(text, language) < 0.5, text


def test_a_full_stop_alone_decides_nothing() -> None:
    assert text_completeness("I gave it to the.", "en") < 0.2
    assert text_completeness("My brother lives in Chicago.", "en") == pytest.approx(0.5, abs=0.1)


def test_dots_and_a_comma_say_that_more_comes() -> None:
    said = text_completeness("My brother lives in Chicago", "en")
    assert text_completeness("My brother lives in Chicago...", "en") < 0.2 < said
    assert text_completeness("My brother lives in Chicago,", "en") < said


def test_the_script_decides_where_the_language_is_not_known() -> None:
    assert text_ending("我没去是因为", "") == Ending.DANGLING
    assert text_ending("I stayed because", "") == Ending.DANGLING


def test_cantonese_is_read_with_the_words_it_shares_with_mandarin() -> None:
    assert text_ending("如果聽日落雨的話", "yue") == Ending.DANGLING
