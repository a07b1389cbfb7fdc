"""What a client reports of its playback decides what was heard of an answer, whenever the report comes."""

import pytest

from kouyu.conversation.effects import FlushPlayback, TrimMessage
from kouyu.domain.events import AnswerCut, ChatCompleted, OutputInterrupted, RequestRefused, SpeechDelta
from tests.conversation.openai_talk import Talk
from tests.conversation.simulation import Engines

FIRST, WHOLE = "Paris is the capital.", "Paris is the capital. It lies on the Seine."
SENTENCE_MS = 5 * 400


def answered(seconds: float = 2.0, *, packet_ms: float = 400) -> Talk:
    talk = Talk(Engines(packet_ms=packet_ms))
    talk.use()
    talk.write("Where?")
    talk.wait(seconds)
    return talk


def answer_id(talk: Talk) -> str:
    return talk.told(SpeechDelta)[0].message.id


def heard(talk: Talk) -> str:
    return next((content for role, content in talk.context() if role == "assistant"), "")


@pytest.mark.parametrize(
    ("played_ms", "expected"),
    [(0, ""), (SENTENCE_MS, FIRST), (SENTENCE_MS + 1000, f"{FIRST} It lies on"), (2 * SENTENCE_MS, WHOLE)],
)
def test_of_an_answer_that_is_still_played_the_reported_part_was_heard(played_ms: int, expected: str) -> None:
    talk = answered()
    assert talk.told(ChatCompleted)
    talk.played(answer_id(talk), played_ms)
    assert heard(talk) == expected
    assert talk.told(AnswerCut) == [AnswerCut(answer_id(talk), played_ms, "truncate")]


def test_what_the_client_has_dropped_is_not_played_any_more() -> None:
    talk = answered()
    talk.played(answer_id(talk), 1000)
    assert talk.all(FlushPlayback)
    assert not talk.conversation.in_turn(talk.now)
    talk.say()
    assert not talk.told(OutputInterrupted)


@pytest.mark.parametrize("played_ms", [500, 3000])
def test_a_report_after_the_interruption_corrects_the_estimate_both_ways(played_ms: int) -> None:
    talk = answered()
    talk.speak(640)
    assert talk.told(OutputInterrupted)
    estimated = heard(talk)
    talk.played(answer_id(talk), played_ms)
    assert heard(talk) != estimated
    assert (len(heard(talk)) < len(estimated)) == (played_ms < 2000)


def test_a_report_before_the_interruption_of_a_running_answer_counts() -> None:
    talk = answered(0.35)
    assert not talk.told(ChatCompleted)
    talk.played(answer_id(talk), 700)
    talk.cancel()
    talk.wait(1)
    assert heard(talk) == "Paris "


def test_a_report_while_the_answer_runs_on_to_its_end_counts_then() -> None:
    talk = answered(0.35)
    talk.played(answer_id(talk), SENTENCE_MS)
    talk.wait(3)
    assert talk.told(ChatCompleted)
    assert heard(talk) == FIRST


def test_a_report_is_right_where_the_client_is_said_to_have_read_the_answer() -> None:
    talk = answered()
    talk.write("Go on.")
    assert heard(talk) == WHOLE
    talk.played(answer_id(talk), SENTENCE_MS)
    assert heard(talk) == FIRST


def test_the_same_report_twice_is_one() -> None:
    talk = answered()
    talk.played(answer_id(talk), 1000)
    talk.played(answer_id(talk), 1000)
    assert len(talk.all(TrimMessage)) == 1


def test_a_report_of_an_unknown_answer_is_no_fault() -> None:
    talk = answered()
    talk.played("123", 1000)
    assert not talk.told(RequestRefused)
    assert len(talk.told(AnswerCut)) == 1
    assert heard(talk) == WHOLE


def test_a_reply_that_is_prepared_is_made_again_when_a_report_changes_the_context() -> None:
    talk = answered(10)
    talk.speak(640)
    talk.silence(256)
    prepared = len(talk.asked)
    talk.played(answer_id(talk), 1000)
    talk.silence(800)
    assert (prepared, len(talk.asked)) == (2, 3)
