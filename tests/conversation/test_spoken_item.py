"""A spoken item: its sentences on their way from the synthesizer to the client."""

from typing import TypeVar

from msgspec import UNSET

from kouyu.conversation.effects import CancelSpeech, Effect, SaveChat, Send, Speak
from kouyu.conversation.inputs import SpeechAudio, SpeechFailed, SpeechFinished
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.pacing import Pacer
from kouyu.conversation.playout import PlayoutClock
from kouyu.conversation.spoken_item import Outlet, Speech
from kouyu.domain.chats import Chat, LastError
from kouyu.domain.configuration import Configuration, LimitConfig
from kouyu.domain.messages import Message
from kouyu.recording.replaying import events_of
from tests.conversation.simulation import Engines, Simulation

ENVELOPE = Message(
    id="1",
    conversation_id="2",
    bot_id="kouyu",
    role="assistant",
    type="answer",
    content="",
    content_type="text",
    chat_id="3",
    section_id="2",
)
T = TypeVar("T")
LIMITS = Limits(synthesis_ahead_ms=1000)


def outlet(limit: LimitConfig | None = None) -> Outlet:
    return Outlet(Pacer(limit), PlayoutClock())


def speech_of(*sentences: str) -> Speech:
    speech = Speech(envelope=ENVELOPE, configuration=Configuration(), orders=OrderNumbers(), limits=LIMITS)
    speech.write("\n".join(sentences))
    speech.close()
    return speech


def order(speech: Speech, way_out: Outlet, now: float = 0.0) -> int:
    """The number of the order that is given now."""
    (speak,) = speech.order_next(now, way_out)
    assert isinstance(speak, Speak)
    return speak.order


def sent(talk: Simulation, event_type: str, kind: type[T]) -> list[T]:
    """The contents of the events of a type."""
    return [event.data for event in talk.events if event.event_type == event_type and isinstance(event.data, kind)]


def kinds(effects: list[Effect]) -> list[str]:
    return [event.event_type.rsplit(".", 1)[1] for event in events_of(effects)]


def test_a_sentence_is_announced_once_even_if_its_first_packet_has_no_length() -> None:
    speech, way_out = speech_of("One."), outlet()
    number = order(speech, way_out)
    for duration_ms in (0.0, 0.0, 100.0):
        speech.on_report(SpeechAudio(number, b"packet", duration_ms), 0.0)
    speech.on_report(SpeechFinished(number), 0.0)
    assert kinds(list(speech.release(0.0, way_out))) == ["sentence_start", "delta", "delta", "delta", "completed"]


def test_a_sentence_without_audio_is_left_out() -> None:
    speech, way_out = speech_of("One.", "Two."), outlet()
    speech.on_report(SpeechFailed(order(speech, way_out), "nobody is there"), 0.0)
    number = order(speech, way_out)
    speech.on_report(SpeechAudio(number, b"packet", 100.0), 0.0)
    speech.on_report(SpeechFinished(number), 0.0)
    assert kinds(list(speech.release(0.0, way_out))) == ["sentence_start", "delta", "completed"]


def test_an_empty_packet_is_never_sent() -> None:
    speech, way_out = speech_of("One."), outlet()
    number = order(speech, way_out)
    speech.on_report(SpeechAudio(number, b"", 100.0), 0.0)
    assert list(speech.release(0.0, way_out)) == []


def test_the_next_sentence_is_made_when_the_listener_has_caught_up() -> None:
    speech, way_out = speech_of("One.", "Two."), outlet()
    number = order(speech, way_out)
    speech.on_report(SpeechAudio(number, b"packet", 3000.0), 0.0)
    speech.on_report(SpeechFinished(number), 0.0)
    list(speech.release(0.0, way_out))
    assert list(speech.order_next(0.0, way_out)) == []
    assert speech.deadline(way_out) == 2.0
    assert order(speech, way_out, now=2.0)


def test_sentences_are_urgent_until_a_second_of_speech_is_made() -> None:
    speech, way_out = speech_of("I'm sorry,", "but it is late,", "so go."), outlet()
    urgent = []
    for _ in range(3):
        (speak,) = speech.order_next(0.0, way_out)
        assert isinstance(speak, Speak)
        urgent.append((speak.first, speak.urgent))
        speech.on_report(SpeechAudio(speak.order, b"packet", 500.0), 0.0)
        speech.on_report(SpeechFinished(speak.order), 0.0)
    assert urgent == [(True, True), (False, True), (False, False)]


def test_speech_that_is_held_back_does_not_ask_for_time_that_would_change_nothing() -> None:
    speech, way_out = speech_of("One.", "Two."), outlet()
    number = order(speech, way_out)
    speech.on_report(SpeechAudio(number, b"packet", 1000.1), 0.0)
    speech.on_report(SpeechFinished(number), 0.0)
    assert list(speech.order_next(60.0, way_out)) == []
    assert speech.deadline(way_out) is None


def test_paced_speech_waits_for_the_next_packets_time() -> None:
    speech, way_out = speech_of("One."), outlet(LimitConfig(period=1, max_frame_num=2))
    number = order(speech, way_out)
    for _ in range(3):
        speech.on_report(SpeechAudio(number, b"packet", 20.0), 5.0)
    speech.on_report(SpeechFinished(number), 0.0)
    sent = list(speech.release(5.0, way_out))
    assert kinds(sent) == ["sentence_start", "delta", "delta"]
    assert speech.paced_until(5.0, way_out) is None
    for effect in sent[1:]:
        assert isinstance(effect, Send)
        assert effect.packet is not None
        way_out.pacer.gone(effect.packet, 5.0)
    assert speech.paced_until(5.0, way_out) == 6.0
    assert kinds(list(speech.release(6.0, way_out))) == ["delta", "completed"]


def test_a_synthesis_that_stalls_is_given_up_and_what_there_is_of_it_is_sent() -> None:
    speech, way_out = speech_of("One."), outlet()
    number = order(speech, way_out)
    speech.on_report(SpeechAudio(number, b"packet", 100.0), 3.0)
    deadline = speech.deadline(way_out)
    assert deadline == 3.0 + LIMITS.synthesis_s
    assert list(speech.on_time(deadline)) == [CancelSpeech(number)]
    assert speech.failure == "speech synthesis produced no audio for 20 s"
    assert kinds(list(speech.release(deadline, way_out))) == ["sentence_start", "delta", "completed"]


def test_speech_that_breaks_off_tells_the_client_that_no_more_comes() -> None:
    speech, way_out = speech_of("One.", "Two."), outlet()
    number = order(speech, way_out)
    speech.on_report(SpeechAudio(number, b"packet", 100.0), 0.0)
    list(speech.release(0.0, way_out))
    effects = list(speech.break_off())
    assert CancelSpeech(number) in effects
    assert kinds(effects) == ["completed"]
    assert list(speech.release(0.0, way_out)) == []


def test_speech_that_breaks_off_before_its_first_sound_tells_nothing() -> None:
    assert kinds(list(speech_of("One.").break_off())) == []


def test_a_chat_without_working_synthesis_continues_in_text_and_says_so_at_its_end() -> None:
    talk = Simulation(engines=Engines(synthesis_s=None))
    talk.write("Where is Paris?")
    for _ in range(4):
        talk.wait(0.5)
        spoken = {effect.order for effect in talk.all(Speak)} - {report.order for report in talk.all(SpeechFailed)}
        for number in spoken:
            talk.give(SpeechFailed(number, "the speech endpoint cannot be reached"))
    messages = sent(talk, "conversation.message.completed", Message)
    (answer,) = [message for message in messages if message.type == "answer"]
    assert answer.content == "Paris is the capital. It lies on the Seine."
    (ended,) = sent(talk, "conversation.chat.completed", Chat)
    told = "not all of the answer was spoken: the speech endpoint cannot be reached"
    assert ended.last_error == LastError(5000, told)
    assert talk.all(SaveChat)[-1].chat.last_error == ended.last_error
    talk.engines = Engines()
    talk.write("And now?")
    talk.wait(20)
    assert sent(talk, "conversation.chat.completed", Chat)[-1].last_error is UNSET
