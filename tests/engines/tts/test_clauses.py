from hypothesis import given
from hypothesis import strategies as st

from kouyu.engines.tts.clauses import CLAUSE_PAUSE, SENTENCE_PAUSE, pause_after, speech_pieces


def test_the_first_piece_is_short_and_the_next_ones_longer() -> None:
    text = "从前有一只小狗，它住在山上，它有一个朋友，那是一只很大很老的猫，它们每天一起玩，玩到很晚。"
    assert speech_pieces(text, first=2.6) == [
        "从前有一只小狗，",
        "它住在山上，它有一个朋友，",
        "那是一只很大很老的猫，它们每天一起玩，玩到很晚。",
    ]


def test_a_short_last_piece_joins_the_one_before() -> None:
    assert speech_pieces("I would like to go there, please.", first=4) == ["I would like to go there, please."]


def test_numbers_with_commas_stay_whole() -> None:
    assert speech_pieces("There are 1,000,000 of them.", first=1) == ["There are 1,000,000 of them."]


@given(st.text(alphabet="ab 好，,.。!\n", max_size=120), st.floats(0.5, 8))
def test_the_pieces_joined_are_the_text(text: str, first: float) -> None:
    assert "".join(speech_pieces(text, first=first)) == text


def test_a_pause_comes_after_sentences_and_clauses_only() -> None:
    assert pause_after("Yes.") == pause_after("他说：“好！” ") == SENTENCE_PAUSE
    assert pause_after("well,") == pause_after("好的，") == CLAUSE_PAUSE
    assert pause_after("and so") == pause_after("") == 0.0
