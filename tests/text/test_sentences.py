import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.text.sentences import LONGEST_SENTENCE, SentenceSplitter, word_count


def sentences_of(*deltas: str) -> list[str]:
    splitter = SentenceSplitter()
    return [sentence for delta in deltas for sentence in fed(splitter, delta)] + flushed(splitter)


def fed(splitter: SentenceSplitter, delta: str) -> list[str]:
    splitter.write(delta)
    return list(splitter)


def flushed(splitter: SentenceSplitter) -> list[str]:
    splitter.end()
    return list(splitter)


def after_a_first_sentence(text: str) -> list[str]:
    return sentences_of("Hi.\n" + text)[1:]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello. How are you?", ["Hello.", "How are you?"]),
        ("Pi is 3.14 or so. Yes!", ["Pi is 3.14 or so.", "Yes!"]),
        ("Mr. Smith met Dr. Jones. They left.", ["Mr. Smith met Dr. Jones.", "They left."]),
        ("Come at 2 p.m. tomorrow. Bye.", ["Come at 2 p.m. tomorrow.", "Bye."]),
        ("Come at 2 p.m. Then eat.", ["Come at 2 p.m.", "Then eat."]),
        ("The U.S. Army is big. So?", ["The U.S. Army is big.", "So?"]),
        ("He is in the U.S. It is late.", ["He is in the U.S.", "It is late."]),
        ("Dr. Smith is here. He came.", ["Dr. Smith is here.", "He came."]),
        ("Pres. Lee met Cpl. Ott. Use 3.11.2 i.e. that.", ["Pres. Lee met Cpl. Ott.", "Use 3.11.2 i.e. that."]),
        ("J. K. Rowling wrote it. So do I. Good.", ["J. K. Rowling wrote it.", "So do I.", "Good."]),
        ("Use tools, e.g. a saw. Done.", ["Use tools, e.g. a saw.", "Done."]),
        ("See https://example.com/a.b?c=1. It helps.", ["See https://example.com/a.b?c=1.", "It helps."]),
        ("Is No. 5 here? I said no. Then go.", ["Is No. 5 here?", "I said no.", "Then go."]),
        ("He said “Go!” and left. (Really.) Yes.", ["He said “Go!” and left.", "(Really.)", "Yes."]),
        ("Well... I wonder. Fine.", ["Well... I wonder.", "Fine."]),
        ("What?! No way!!! Ok.", ["What?!", "No way!!!", "Ok."]),
        ("1. Milk\n2. Bread\n- Eggs", ["1. Milk", "2. Bread", "- Eggs"]),
        ("**Bold end.** Next one.", ["**Bold end.**", "Next one."]),
        ("It was on Nov. 5 at home. Yes.", ["It was on Nov. 5 at home.", "Yes."]),
        ("你好。今天天气怎么样？我很好！", ["你好。", "今天天气怎么样？", "我很好！"]),
        ("他说：“走吧。”然后走了。", ["他说：“走吧。”", "然后走了。"]),
        ("第一；第二；完。", ["第一；", "第二；", "完。"]),
        ("嗯……我想想。好。", ["嗯……我想想。", "好。"]),
        ("我们慢慢地走着走着……天黑了。", ["我们慢慢地走着走着……", "天黑了。"]),
        ("价格是3.5元.好的", ["价格是3.5元.", "好的"]),
        ("Great! 😀 Next.", ["Great!", "😀 Next."]),
        ("Code:\n```py\nprint(1). x\n\ny = 2\n```\nDone.", ["Code:", "```py\nprint(1). x\n\ny = 2\n```", "Done."]),
    ],
)
def test_sentences_end_where_a_reader_would_stop(text: str, sentences: list[str]) -> None:
    assert after_a_first_sentence(text) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Once upon a time, there was a dog, a big one.", ["Once upon a time,", "there was a dog, a big one."]),
        ("Well, yes.", ["Well, yes."]),
        ("I'm sorry, but I can't.", ["I'm sorry,", "but I can't."]),
        ("I'm sorry, but it is late, so go, now.", ["I'm sorry,", "but it is late,", "so go, now."]),
        ("I'm sorry, no, it is late, so go.", ["I'm sorry,", "no, it is late,", "so go."]),
        ("I see. It is late now, so go.", ["I see.", "It is late now, so go."]),
        ("当然可以，没问题。", ["当然可以，没问题。"]),
        ("It costs about 1,000 dollars.", ["It costs about 1,000 dollars."]),
        ("从前有一只小狗，它很可爱，也很大。", ["从前有一只小狗，", "它很可爱，也很大。"]),
        ("好的，没问题。", ["好的，没问题。"]),
    ],
)
def test_the_first_sentence_may_be_cut_at_its_first_clause(text: str, sentences: list[str]) -> None:
    assert sentences_of(text) == sentences


def test_a_sentence_is_given_as_soon_as_the_next_character_shows_that_it_is_whole() -> None:
    splitter = SentenceSplitter()
    assert fed(splitter, "Hello there.") == []
    assert fed(splitter, " ") == ["Hello there."]
    assert fed(splitter, "你好。") == []
    assert fed(splitter, "我") == ["你好。"]
    assert fed(splitter, "\n") == ["我"]
    assert flushed(splitter) == []


def test_the_first_clause_is_given_with_its_comma() -> None:
    assert fed(SentenceSplitter(), "I'm fine,") == ["I'm fine,"]
    assert fed(SentenceSplitter(), "It costs about 1,") == []
    quoted = SentenceSplitter()
    assert fed(quoted, 'He said "Go on,') == []
    assert fed(quoted, '" and left') == ['He said "Go on,"']


def test_a_splitter_that_was_flushed_begins_again() -> None:
    splitter = SentenceSplitter()
    assert fed(splitter, "One. Two") == ["One."]
    assert flushed(splitter) == ["Two"]
    assert fed(splitter, "Once upon a time, it ") == ["Once upon a time,"]


def test_a_long_text_without_a_stop_is_cut_at_a_comma_else_at_a_space_else_anywhere() -> None:
    comma, space, nothing = "word " * 30 + "end, " + "more " * 40, "word " * 100, "字" * 200
    assert after_a_first_sentence(comma)[0].endswith("end,")
    assert all(piece.endswith("word") and len(piece) <= LONGEST_SENTENCE for piece in after_a_first_sentence(space))
    assert [len(piece) for piece in after_a_first_sentence(nothing)] == [80, 80, 40]


def test_words_are_counted_in_scripts_without_spaces_too() -> None:
    assert word_count("It's 3.14, you know") == 4
    assert word_count("今天天气好") == pytest.approx(10 / 3)


WORDS = [
    "Hello",
    "word ",
    "Mr",
    "p.m",
    "U.S",
    "no",
    "5",
    "1",
    "I",
    "你好",
    "天气很好今天",
    "😀",
    "http://a.b",
    "```",
    "`",
]
MARKS = ["。", "！", "？", "……", "...", ".", "!", "?", ",", "，", "、", "—", ";", "；", "”", "“", '"', ")", "**"]
SPACES = [" ", "  ", "\n", "\n\n"]
TEXTS = st.one_of(
    st.lists(st.sampled_from(WORDS + MARKS + SPACES), max_size=60).map("".join),
    st.text(max_size=80),
    st.text(alphabet="a，字 .,。`\n", max_size=400),
)


@given(TEXTS, st.lists(st.integers(0, 400), max_size=12))
def test_how_the_text_was_chopped_never_changes_the_sentences(text: str, places: list[int]) -> None:
    edges = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    whole = sentences_of(text)
    assert sentences_of(*(text[a:b] for a, b in itertools.pairwise(edges))) == whole
    assert sentences_of(*text) == whole


@given(TEXTS)
def test_nothing_is_lost_and_nothing_said_twice(text: str) -> None:
    def solid(part: str) -> str:
        return re.sub(r"\s", "", part)

    sentences = sentences_of(text)
    assert solid("".join(sentences)) == solid(text)
    assert all(sentence == sentence.strip() != "" for sentence in sentences)
