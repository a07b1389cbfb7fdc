import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.text.fillers import without_fillers


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Um, I think so.", "I think so."),
        ("I, uh, want to go.", "I want to go."),
        ("Yes, um, I'm here.", "Yes, I'm here."),
        ("Uh, hello. Um, what's up?", "Hello. What's up?"),
        ("Um... okay, fine.", "Okay, fine."),
        ("I think, um.", "I think."),
        ("Um I'm not sure um about that", "I'm not sure about that"),
        ("What is, uh, the, um, capital of France?", "What is the capital of France?"),
        ("You know, it's nice. So, you know, I left.", "It's nice. So, I left."),
        ("It was, like, huge.", "It was huge."),
        ("I, um, I want tea", "I want tea"),
        ("I I I want the the tea", "I want the tea"),
        ("W-what is it? Wh- what?", "What is it? What?"),
        ("I want I want to go", "I want to go"),
    ],
)
def test_english_fillers_and_stutters_go(said: str, meant: str) -> None:
    assert without_fillers(said, "en") == meant


@pytest.mark.parametrize(
    "meant",
    [
        "Well, I like it. You know it's nice.",
        "Uh-huh. Mm-hmm, yes.",
        "5 mm of rain",
        "The ER is full.",
        "that that is, had had, very very good",
        "No no no, bye bye, knock knock",
        "I know, I know.",
        "A t-test to re-read",
        "human umbrella summer",
        "I mean it.",
    ],
)
def test_english_that_means_something_stays(meant: str) -> None:
    assert without_fillers(meant, "en") == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("嗯，我想去北京。", "我想去北京。"),
        ("我想嗯去北京", "我想去北京"),
        ("我，嗯，我想去", "我想去"),
        ("啊，我知道了。", "我知道了。"),
        ("呃，那个，你好", "你好"),
        ("那个那个，我想问一下", "我想问一下"),
        ("我觉得，就是，他不来", "我觉得，他不来"),
        ("我我我想，我们我们走", "我想，我们走"),
        ("然后然后他来了", "然后他来了"),
        ("嗯。好的。", "好的。"),
        ("我想，嗯。", "我想。"),
        ("今天天气怎么样啊？", "今天天气怎么样？"),
        ("我也想去啊，你呢", "我也想去，你呢"),
        ("我觉得可以嗯", "我觉得可以"),
    ],
)
def test_mandarin_fillers_and_stutters_go(said: str, meant: str) -> None:
    assert without_fillers(said, "zh") == meant


@pytest.mark.parametrize(
    "meant",
    [
        "看看，谢谢，天天，慢慢来，人人都有。",
        "是啊，好啊。",
        "啊？你说什么",
        "我要那个，那个好。",
        "就是，我也觉得，就是就是",
        "对对对，是是是，不不不。",
        "其他他都要，他的成就就是这样，他现在在家。",
        "额度不够",
    ],
)
def test_mandarin_that_means_something_stays(meant: str) -> None:
    assert without_fillers(meant, "zh") == meant


@pytest.mark.parametrize(("said", "language"), [("嗯。", "zh"), ("嗯嗯", "zh"), ("Hmm.", "en"), ("um", "en")])
def test_nothing_but_fillers_may_be_an_answer_and_stays(said: str, language: str) -> None:
    assert without_fillers(said, language) == said


def test_in_other_languages_they_are_words() -> None:
    assert without_fillers("Er geht um das Haus", "de") == "Er geht um das Haus"


PIECES = st.lists(
    st.sampled_from(
        ["um", "Um", "uh", "I", "you know", "like", ",", ", ", " ", ". ", "…", "-", "what", "嗯", "啊", "那个"]
    ),
    max_size=14,
)


@given(PIECES.map("".join) | st.text(max_size=40), st.sampled_from(["en", "zh", ""]))
def test_what_has_letters_never_becomes_empty(text: str, language: str) -> None:
    fluent = without_fillers(text, language)
    assert any(letter.isalnum() for letter in fluent) == any(letter.isalnum() for letter in text)
