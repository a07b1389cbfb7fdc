"""Which part of an interrupted answer was heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.conversation.heard import heard_text
from kouyu.conversation.spoken_item import SpokenSentence

ENGLISH = "Paris is the capital. It lies on the Seine. "
MANDARIN = "巴黎是法国的首都。它位于塞纳河畔。"


def spoken(text: str, ms: float, *, sent_ms: float | None = None) -> SpokenSentence:
    """A sentence that was made completely, and sent as far as ``sent_ms``; the rest waits for its time."""
    return SpokenSentence(
        text, started=True, synthesised=True, complete=True, made_ms=ms, sent_ms=ms if sent_ms is None else sent_ms
    )


def failed(text: str, ms: float = 0.0) -> SpokenSentence:
    """A sentence whose synthesis broke off after ``ms``."""
    return SpokenSentence(text, started=ms > 0, synthesised=True, complete=False, made_ms=ms, sent_ms=ms)


def waiting(text: str) -> SpokenSentence:
    """A sentence nobody has begun to synthesise."""
    return SpokenSentence(text)


ENGLISH_SPOKEN = [spoken("Paris is the capital.", 2000), spoken("It lies on the Seine.", 2000)]
MANDARIN_SPOKEN = [spoken("巴黎是法国的首都。", 1800), spoken("它位于塞纳河畔。", 1600)]


@pytest.mark.parametrize(
    ("heard_ms", "heard"),
    [
        (0, ""),
        (300, ""),
        (500, "Paris"),
        (1000, "Paris is "),
        (1250, "Paris is the "),
        (2000, "Paris is the capital."),
        (2300, "Paris is the capital. It "),
        (4000, ENGLISH),
    ],
)
def test_english_is_cut_at_a_whole_word(heard_ms: float, heard: str) -> None:
    assert heard_text(ENGLISH, ENGLISH_SPOKEN, heard_ms) == heard


@pytest.mark.parametrize(
    ("heard_ms", "heard"),
    [(0, ""), (200, "巴"), (1000, "巴黎是法国"), (2000, "巴黎是法国的首都。它"), (3400, MANDARIN)],
)
def test_mandarin_is_cut_at_any_character(heard_ms: float, heard: str) -> None:
    assert heard_text(MANDARIN, MANDARIN_SPOKEN, heard_ms) == heard


def test_a_sentence_sent_only_in_part_is_measured_by_its_whole_length() -> None:
    assert heard_text(ENGLISH, [spoken("Paris is the capital.", 2000, sent_ms=1000)], 1000) == "Paris is "


def test_what_was_written_but_not_spoken_yet_was_not_heard() -> None:
    sentences = [ENGLISH_SPOKEN[0], waiting("It lies on the Seine.")]
    assert heard_text(ENGLISH, sentences, 2000) == "Paris is the capital."


def test_sums_of_packet_lengths_that_are_not_exact_lose_no_word() -> None:
    packets_ms = [26.122448979591837] * 77
    sentence = spoken("Paris is the capital.", sum(packets_ms))
    heard_ms = 1_000_000.1 + sum(packets_ms) - 1_000_000.1
    assert heard_text("Paris is the capital.", [sentence], heard_ms) == "Paris is the capital."


def test_a_failed_sentence_is_skipped_when_a_later_one_was_heard() -> None:
    sentences = [failed("Paris is the capital."), spoken("It lies on the Seine.", 2000)]
    assert heard_text(ENGLISH, sentences, 0) == "Paris is the capital."
    assert heard_text(ENGLISH, sentences, 2000) == ENGLISH


def test_a_failed_last_sentence_was_heard_as_far_as_its_audio_goes() -> None:
    assert heard_text(ENGLISH, [ENGLISH_SPOKEN[0], failed("It lies on the Seine.")], 2000) == "Paris is the capital."
    broken_off = [ENGLISH_SPOKEN[0], failed("It lies on the Seine.", 700)]
    assert heard_text(ENGLISH, broken_off, 2700) == "Paris is the capital. It lies on"


def test_a_sentence_that_is_not_in_the_answer_word_for_word_counts_by_its_length() -> None:
    answer = "It costs 12 dollars in the shop. Cheap."
    sentences = [spoken("It costs twelve dollars in the shop.", 3600), spoken("Cheap.", 600)]
    heard = heard_text(answer, sentences, 2000)
    assert answer.startswith(heard)
    assert 5 < len(heard) < len("It costs 12 dollars in the shop.")
    assert heard_text(answer, sentences, 4200) == answer


@given(
    st.lists(st.tuples(st.sampled_from(["One two.", "好的，走吧。", "Yes!", "a"]), st.floats(0, 3000)), max_size=5),
    st.floats(0, 20_000),
    st.floats(0, 20_000),
)
def test_more_time_is_never_less_heard_and_always_a_beginning_of_the_answer(
    parts: list[tuple[str, float]], some_ms: float, more_ms: float
) -> None:
    answer = " ".join(text for text, _ in parts)
    sentences = [spoken(text, ms) for text, ms in parts]
    less, more = (heard_text(answer, sentences, ms) for ms in sorted((some_ms, more_ms)))
    assert answer.startswith(more)
    assert more.startswith(less)
