"""A network that holds the user's audio up and then lets it go all at once, and devices that send speech alone."""

from typing import Any

import pytest

from kouyu.conversation.effects import ForgetAudio, SaveMessage, Transcribe, TrimMessage
from kouyu.conversation.limits import Limits
from kouyu.conversation.speech_detector import samples_in
from kouyu.domain.configuration import TurnDetection
from kouyu.domain.errors import CHAT_RUNS
from kouyu.domain.events import (
    ChatBegan,
    OutputInterrupted,
    RequestRefused,
    SpeechDropped,
    SpeechStarted,
    SpeechStopped,
    TranscriptCompleted,
)
from kouyu.domain.transcripts import Transcript
from kouyu.protocol.coze.downlink import Cancellation
from tests.conversation.openai_talk import Talk
from tests.conversation.simulation import Engines, Simulation

STARTED = "input_audio_buffer.speech_started"
STOPPED = "input_audio_buffer.speech_stopped"
CREATED = "conversation.chat.created"
COMPLETED = "conversation.chat.completed"
CANCELED = "conversation.chat.canceled"
GAPLESS = TurnDetection(type="server_vad", silence_duration_ms=500, prefix_padding_ms=0)
GRACE_S = Limits().stopped_sending_grace_ms / 1000


def talking_freely(engines: Engines, **turn_detection: Any) -> Simulation:
    talk = Simulation(engines)
    talk.free_talk(silence_duration_ms=500, prefix_padding_ms=0, **turn_detection)
    return talk


def stall(talk: Simulation, seconds: float, *, then_silent: bool = False) -> None:
    """The network stalls while the user speaks on, then everything comes at once."""
    talk.wait(seconds)
    talk.upload(round(seconds * 1000), 0.02 if then_silent else 0.95)


def finals(talk: Simulation) -> list[tuple[int, int]]:
    """The stretches of the turns that were over, as they were recognised last."""
    return [
        (order.start, order.end) for order in talk.all(Transcribe) if order.final and order.order not in talk.cancelled
    ]


def transcripts(talk: Simulation) -> int:
    return talk.event_types.count("conversation.audio_transcript.completed")


def test_a_stall_in_mid_sentence_is_one_turn() -> None:
    talk = talking_freely(Engines(transcription_s=0.5))
    talk.speak(960)
    stall(talk, 1.536)
    talk.speak(640)
    talk.silence(1000)
    talk.wait(20)
    assert finals(talk)[-1] == (0, samples_in(960 + 1536 + 640 + 64))
    assert (transcripts(talk), talk.event_types.count(CREATED), talk.event_types.count(COMPLETED)) == (1, 1, 1)
    assert CANCELED not in talk.event_types


def test_a_reply_that_does_not_sound_yet_is_taken_back_and_its_question_joins() -> None:
    talk = talking_freely(Engines(transcription_s=0.05, first_delta_s=1.0))
    talk.speak(960)
    stall(talk, 1.536)
    talk.speak(640)
    talk.silence(1000)
    talk.wait(20)
    assert (talk.event_types.count(CREATED), talk.event_types.count(COMPLETED)) == (2, 1)
    codes = [event.data.code for event in talk.events if isinstance(event.data, Cancellation)]
    assert codes == [1]
    assert finals(talk)[-1] == (0, samples_in(960 + 1536 + 640 + 64))
    # The first question is part of the second, and must not be known to the model twice.
    first, *_ = [saved.message for saved in talk.all(SaveMessage) if saved.message.type == "question"]
    assert TrimMessage(first.id, "") in talk.all(TrimMessage)


def test_a_reply_that_sounds_is_interrupted_as_ever() -> None:
    talk = talking_freely(Engines(transcription_s=0.05, first_delta_s=0.05, synthesis_s=0.05, packets_per_sentence=30))
    talk.speak(960)
    stall(talk, 2.56)
    talk.silence(1000)
    talk.wait(30)
    first, second = finals(talk)
    assert first[1] <= second[0]
    assert talk.event_types.count(CREATED) == 2
    questions = {saved.message.id for saved in talk.all(SaveMessage) if saved.message.type == "question"}
    assert not questions & {trimmed.message_id for trimmed in talk.all(TrimMessage)}


def test_a_stall_at_the_end_of_the_speech_changes_nothing() -> None:
    talk = talking_freely(Engines(transcription_s=0.5))
    talk.speak(960)
    stall(talk, 1.5, then_silent=True)
    talk.speak(640)
    talk.silence(1000)
    talk.wait(30)
    assert len(finals(talk)) == transcripts(talk) == 2


def test_a_device_that_sends_speech_alone_is_answered_as_soon_as_ever_and_turn_by_turn() -> None:
    talk = talking_freely(Engines(transcription_s=5.0))
    talk.speak(960)
    talk.wait(1.5)
    # The grace counts from the last audio: nothing is waited for a burst that might come.
    assert talk.time_of(STOPPED) == pytest.approx(0.96 + 0.5 + GRACE_S)
    talk.speak(960)
    talk.wait(30)
    assert finals(talk) == [(0, samples_in(960)), (samples_in(960), samples_in(1920))]
    assert transcripts(talk) == 2


def test_a_client_that_uploads_faster_than_real_time_is_answered_turn_by_turn() -> None:
    talk = talking_freely(Engines(transcription_s=5.0))
    talk.upload(2000, 0.95)
    talk.wait(4)
    talk.upload(2000, 0.95)
    talk.wait(30)
    assert len(finals(talk)) == transcripts(talk) == 2


@pytest.mark.parametrize("transcription_s", [0.05, 0.3, 1.0])
def test_several_stalls_in_one_sentence_are_one_turn(transcription_s: float) -> None:
    talk = talking_freely(Engines(transcription_s=transcription_s, first_delta_s=3.0))
    for _ in range(3):
        talk.speak(640)
        stall(talk, 1.536)
    talk.silence(1000)
    talk.wait(30)
    assert finals(talk)[-1] == (0, samples_in(3 * (640 + 1536) + 64))
    assert talk.event_types.count(COMPLETED) == 1
    said = [event.data.content for event in talk.events if isinstance(event.data, Transcript)]
    assert said


def test_a_stall_under_semantic_vad_is_one_turn() -> None:
    talk = Simulation(Engines(transcription_s=0.5))
    talk.configure(turn_detection={"type": "semantic_vad", "prefix_padding_ms": 0})
    talk.speak(960)
    stall(talk, 1.536)
    talk.silence(1500)
    talk.wait(20)
    assert finals(talk)[-1][0] == 0
    assert talk.event_types.count(COMPLETED) == 1


def test_the_audio_of_an_early_end_is_kept_until_silence_has_ended_it() -> None:
    talk = talking_freely(Engines(transcription_s=0.5))
    talk.speak(2560)
    talk.wait(1.5)
    talk.silence(256)
    assert talk.all(ForgetAudio) == []
    talk.silence(3000)
    assert talk.all(ForgetAudio)


def test_an_utterance_that_goes_on_before_the_client_knew_of_it_is_not_dropped_for_the_client() -> None:
    talk = Talk(Engines(transcription_s=2.0, packet_ms=2000), Limits(ignore_backchannels=True))
    talk.use(GAPLESS)
    talk.write("Hi")
    talk.wait(1)
    talk.speak(480)
    stall(talk, 1.536)
    assert [told.reason for told in talk.told(OutputInterrupted)] == ["speech"]
    talk.silence(1000)
    talk.wait(20)
    assert finals(talk)[-1] == (0, samples_in(480 + 1536 + 64))
    assert not talk.told(SpeechDropped)
    assert len(talk.told(SpeechStarted)) == len(talk.told(SpeechStopped)) == len(talk.told(TranscriptCompleted)) == 1


@pytest.mark.parametrize("interrupts", [True, False])
def test_an_answer_that_was_asked_for_about_an_utterance_is_refused_where_that_goes_on(interrupts: bool) -> None:
    talk = Talk(Engines(transcription_s=2.0))
    talk.use(GAPLESS, answers_speech=False, speech_interrupts=interrupts)
    talk.speak(960)
    talk.wait(1.536)
    assert len(talk.told(SpeechStopped)) == 1
    talk.answer_now()
    assert not talk.told(RequestRefused)
    talk.upload(1536, 0.95)
    (refusal,) = talk.told(RequestRefused)
    assert (refusal.code, refusal.origin) == (CHAT_RUNS, "please")
    talk.silence(1000)
    talk.wait(20)
    assert not talk.told(ChatBegan)
    assert talk.context() == [("user", "What is the capital of France?")]


def test_a_reply_that_speech_alone_would_not_interrupt_yet_is_interrupted_where_its_question_continues() -> None:
    talk = Simulation(Engines(transcription_s=0.05, first_delta_s=5.0), Limits(ignore_backchannels=True))
    talk.free_talk(silence_duration_ms=500, prefix_padding_ms=0)
    talk.speak(480)
    stall(talk, 1.536)
    assert talk.event_types[-2:] == [STARTED, CANCELED]
    talk.silence(1000)
    talk.wait(20)
    assert finals(talk)[-1] == (0, samples_in(480 + 1536 + 64))
    assert (talk.event_types.count(CREATED), talk.event_types.count(COMPLETED)) == (2, 1)
    assert talk.event_types.count(STARTED) == talk.event_types.count(STOPPED) == 2
