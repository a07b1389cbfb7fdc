"""Turn detection that begins no answers or does not interrupt; ids and positions of speech; idle time."""

import pytest

from kouyu.conversation.effects import EraseMessage, ReadAhead
from kouyu.domain.configuration import TurnDetection
from kouyu.domain.events import (
    BufferCompleted,
    ChatBegan,
    IdleTimedOut,
    MessageCompleted,
    OutputInterrupted,
    SpeechDropped,
    SpeechStarted,
    SpeechStopped,
    TranscriptChanged,
    TranscriptCompleted,
)
from kouyu.domain.ids import NO_ID
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.conversation.openai_talk import FREE_TALK, PUSH_TO_TALK, Talk
from tests.conversation.simulation import Engines

QUESTION = "What is the capital of France?"


# The id of the question, and positions


def test_everything_told_of_an_utterance_has_the_id_of_its_question() -> None:
    talk = Talk()
    talk.use()
    talk.say(2000)
    talk.wait(5)
    question = next(told.message for told in talk.told(MessageCompleted) if told.message.type == "question")
    told = (
        [event.message_id for event in talk.told(SpeechStarted)],
        [event.message_id for event in talk.told(SpeechStopped)],
        [event.message_id for event in talk.told(TranscriptChanged)],
        [event.message_id for event in talk.told(TranscriptCompleted)],
    )
    assert [set(ids) for ids in told] == [{question.id}] * 4


def test_a_completed_buffer_has_the_id_of_its_question_and_an_empty_one_has_none() -> None:
    talk = Talk()
    talk.use(PUSH_TO_TALK)
    talk.complete()
    talk.speak(640)
    talk.complete()
    talk.wait(5)
    empty, spoken = (told.message_id for told in talk.told(BufferCompleted))
    assert (empty, [told.message_id for told in talk.told(TranscriptCompleted)]) == (NO_ID, [spoken])
    assert spoken != NO_ID


def test_buffers_that_wait_for_voice_activity_keep_their_ids() -> None:
    talk = Talk()
    talk.use(PUSH_TO_TALK)
    for _ in range(3):
        talk.upload(640, 0.95, chunk_s=0.02)
        talk.complete()
    talk.wait(10)
    completed = [told.message_id for told in talk.told(BufferCompleted)]
    assert [told.message_id for told in talk.told(TranscriptCompleted)] == completed
    assert len(set(completed)) == 3


def test_speech_in_which_nothing_was_understood_is_dropped_under_its_id() -> None:
    talk = Talk(Engines(transcript=""))
    talk.use()
    talk.say()
    talk.wait(2)
    (started,) = talk.told(SpeechStarted)
    assert talk.told(SpeechDropped) == [SpeechDropped(started.message_id)]


@pytest.mark.parametrize("padding_ms", [0, 300])
def test_speech_starts_with_its_padding_and_stops_behind_the_silence(padding_ms: int) -> None:
    talk = Talk()
    talk.use(TurnDetection(type="server_vad", prefix_padding_ms=padding_ms, silence_duration_ms=512))
    talk.silence(1024)
    talk.say(960)
    (started,), (stopped,) = talk.told(SpeechStarted), talk.told(SpeechStopped)
    assert started.at == (1024 - padding_ms) * SPEECH_RATE // 1000
    assert stopped.at == (1024 + 960 + 512) * SPEECH_RATE // 1000


def test_a_chunk_is_speech_from_the_probability_on_that_the_client_wants() -> None:
    def starts(threshold: float | None) -> int:
        talk = Talk()
        talk.use(speech_threshold=threshold)
        talk._real_time(640, 0.6)
        return len(talk.told(SpeechStarted))

    assert [starts(None), starts(0.5), starts(0.8)] == [1, 1, 0]


# Without answers


def test_a_turn_that_begins_no_answer_is_transcribed_and_saved() -> None:
    talk = Talk()
    talk.use(answers_speech=False)
    talk.say()
    talk.wait(3)
    assert talk.context() == [("user", QUESTION)]
    assert not talk.told(ChatBegan)
    assert not talk.asked, "no answer is prepared that may never be asked for"


def test_the_question_of_such_a_turn_is_prefilled_for_the_answer_that_may_be_asked_for() -> None:
    talk = Talk()
    talk.use(answers_speech=False)
    talk.say(3000)
    assert talk.all(ReadAhead)


def test_the_client_asks_for_the_answer_itself() -> None:
    talk = Talk()
    talk.use(answers_speech=False)
    talk.say()
    talk.answer_now()
    talk.wait(5)
    assert [began.origin for began in talk.told(ChatBegan)] == ["please"]
    assert talk.context()[0] == ("user", QUESTION)


def test_speech_that_begins_no_answer_interrupts_all_the_same() -> None:
    talk = Talk(Engines(packet_ms=2000))
    talk.use(answers_speech=False)
    talk.write("Hi")
    talk.wait(2)
    talk.say()
    assert [told.reason for told in talk.told(OutputInterrupted)] == ["speech"]


def test_recognition_that_fails_fails_no_chat_where_none_was_to_begin() -> None:
    talk = Talk(Engines(transcription_s=None))
    talk.use(answers_speech=False)
    talk.say()
    talk.wait(60)
    (dropped,) = talk.told(SpeechDropped)
    assert dropped.failure
    assert "ChatFailed" not in talk.told_names()


# Without interruption


def test_speech_that_does_not_interrupt_is_reported_and_answered_when_the_agent_has_finished() -> None:
    talk = Talk(Engines(delta_s=1.0))
    talk.use(speech_interrupts=False)
    talk.write("Hi")
    talk.wait(1)
    talk.say()
    assert talk.told(SpeechStarted)
    assert len(talk.told(ChatBegan)) == 1
    talk.wait(20)
    assert not talk.told(OutputInterrupted)
    first, second = talk.told(ChatBegan)
    order = [name for name in talk.told_names() if name in ("ChatBegan", "ChatCompleted")]
    assert order == ["ChatBegan", "ChatCompleted"] * 2
    assert [role for role, _ in talk.context()] == ["user", "assistant", "user", "assistant"]
    assert talk.asked[-1].question.content == QUESTION
    assert first.chat.id != second.chat.id


def test_speech_that_neither_interrupts_nor_is_answered_stands_behind_the_answer_that_ran() -> None:
    talk = Talk(Engines(delta_s=1.0))
    talk.use(speech_interrupts=False, answers_speech=False)
    talk.write("Hi")
    talk.wait(1)
    talk.say()
    talk.wait(20)
    roles = [role for role, _ in talk.context()]
    assert roles == ["user", "assistant", "user"]
    assert talk.context()[1][1] == "Paris is the capital. It lies on the Seine."
    (transcript,) = talk.told(TranscriptCompleted)
    assert talk.told_names().index("TranscriptCompleted") < talk.told_names().index("ChatCompleted")
    assert transcript.message_id != NO_ID


def test_an_answer_of_which_nothing_came_leaves_no_message_behind() -> None:
    talk = Talk(Engines(first_delta_s=5.0))
    talk.use()
    talk.write("Hi")
    talk.add("I add this.")
    talk.cancel()
    assert talk.context() == [("user", "Hi"), ("user", "I add this.")]
    assert talk.all(EraseMessage)


# Idle time


def idle(seconds: float) -> Talk:
    talk = Talk(Engines(packet_ms=400))
    talk.use(idle_timeout_ms=6000)
    talk.write("Hi")
    talk.wait(seconds)
    return talk


def test_after_a_silence_of_both_the_agent_speaks_by_itself_again_and_again() -> None:
    talk = idle(9.0)
    assert not talk.told(IdleTimedOut), "the answer is played for 4 s, and then 6 s must pass"
    talk.wait(1.5)
    assert len(talk.told(IdleTimedOut)) == 1
    assert len(talk.told(ChatBegan)) == 2
    assert talk.asked[-1].question.content == ""
    talk.wait(10.5)
    assert len(talk.told(IdleTimedOut)) == 2


def test_the_idle_time_is_that_of_the_audio_and_has_an_id() -> None:
    talk = Talk(Engines(packet_ms=400))
    talk.use(idle_timeout_ms=6000)
    talk.write("Hi")
    talk.silence(11_008)
    (timed_out,) = talk.told(IdleTimedOut)
    assert timed_out.end - timed_out.start == 6 * SPEECH_RATE
    assert 0 < timed_out.end <= talk.received
    assert timed_out.message_id != NO_ID


def test_speech_and_turns_that_wait_stop_the_idle_time() -> None:
    talk = idle(8.0)
    talk.speak(4000)
    assert not talk.told(IdleTimedOut)


def test_the_idle_time_begins_anew_after_speech_in_which_nothing_was_understood() -> None:
    talk = Talk(Engines(packet_ms=400, transcript=""))
    talk.use(idle_timeout_ms=6000)
    talk.write("Hi")
    talk.wait(9)
    talk.say()
    talk.wait(4)
    assert not talk.told(IdleTimedOut)
    talk.wait(3)
    assert len(talk.told(IdleTimedOut)) == 1


@pytest.mark.parametrize("turn_detection", [FREE_TALK, PUSH_TO_TALK])
def test_without_an_answer_that_was_played_nothing_is_idle(turn_detection: TurnDetection) -> None:
    talk = Talk()
    talk.use(turn_detection, idle_timeout_ms=6000)
    talk.wait(60)
    talk.write("Hi")
    talk.wait(1)
    talk.cancel()
    talk.wait(60)
    assert not talk.told(IdleTimedOut)
