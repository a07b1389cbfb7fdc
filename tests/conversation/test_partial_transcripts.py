"""Partial transcripts: one at a time, and only as often as there is something new."""

from kouyu.conversation.effects import CancelTranscribe, Transcribe
from kouyu.conversation.identity import OrderNumbers
from kouyu.conversation.limits import Limits
from kouyu.conversation.partial_transcripts import PartialTranscripts
from kouyu.conversation.speech_detector import samples_in
from kouyu.conversation.utterance import Span
from kouyu.protocol.configuration import Configuration
from tests.conversation.simulation import Engines, Simulation

INTERVAL = samples_in(Limits().partial_interval_ms)


def made() -> PartialTranscripts:
    return PartialTranscripts(OrderNumbers(), Limits())


def ask(partials: PartialTranscripts, end: int, *, start: int = 0, now: float = 0.0) -> int | None:
    """The number of the order, if one was given."""
    effects = list(partials.ask(Span(start, end), Configuration(), now))
    orders = [effect.order for effect in effects if isinstance(effect, Transcribe)]
    return orders[0] if orders else None


def test_the_first_is_ordered_when_an_interval_of_audio_is_there() -> None:
    partials = made()
    assert ask(partials, 5000 + INTERVAL - 1, start=5000) is None
    assert ask(partials, 5000 + INTERVAL, start=5000) is not None


def test_there_is_one_at_a_time() -> None:
    partials = made()
    order = ask(partials, INTERVAL)
    assert order is not None
    assert ask(partials, 3 * INTERVAL) is None
    partials.on_transcript(order, "hello", "en")
    assert ask(partials, 3 * INTERVAL) is not None


def test_the_next_needs_an_interval_of_new_audio() -> None:
    partials = made()
    order = ask(partials, INTERVAL)
    assert order is not None
    partials.on_transcript(order, "hello", "en")
    assert ask(partials, 2 * INTERVAL - 1) is None
    assert ask(partials, 2 * INTERVAL) is not None


def test_only_a_text_that_says_something_new_is_news() -> None:
    partials = made()
    told = []
    for index, text in enumerate(("", "hello", " hello ", "hello you"), 1):
        order = ask(partials, index * INTERVAL)
        assert order is not None
        told.append(partials.on_transcript(order, text, "en"))
    assert told == [False, True, False, True]
    assert (partials.text, partials.language) == ("hello you", "en")


def test_a_transcript_under_another_number_is_not_one_of_these() -> None:
    partials = made()
    order = ask(partials, INTERVAL)
    assert order is not None
    assert not partials.on_transcript(order + 1, "hello", "en")
    assert partials.text == ""


def test_after_one_that_failed_the_next_may_come() -> None:
    partials = made()
    order = ask(partials, INTERVAL)
    assert order is not None
    partials.on_failure(order)
    assert ask(partials, 2 * INTERVAL) is not None


def test_one_that_is_overdue_is_cancelled() -> None:
    partials = made()
    order = ask(partials, INTERVAL, now=5.0)
    assert order is not None
    deadline = partials.deadline
    assert deadline == 5.0 + Limits().transcription_s
    assert list(partials.on_time(deadline - 0.1)) == []
    assert list(partials.on_time(deadline)) == [CancelTranscribe(order)]
    assert partials.deadline is None


def test_a_new_utterance_begins_without_text() -> None:
    partials = made()
    order = ask(partials, INTERVAL)
    assert order is not None
    partials.on_transcript(order, "hello", "en")
    list(partials.reset())
    assert (partials.text, partials.language) == ("", "")


def test_a_button_held_in_silence_keeps_no_overdue_order() -> None:
    talk = Simulation(Engines(transcription_s=None))
    talk.speak(640)
    talk.wait(60)
    assert talk.conversation.deadline(talk.now) is None
    assert {order.order for order in talk.all(Transcribe)} == talk.cancelled


def test_partial_transcripts_are_sent_only_in_stream_mode_bidirectional() -> None:
    for mode, told in (("bidirectional_stream", True), ("output_no_stream", False)):
        talk = Simulation()
        talk.configure(asr_config={"stream_mode": mode}, turn_detection={"type": "server_vad"})
        talk.speak(1500)
        talk.silence(3000)
        assert ("conversation.audio_transcript.update" in talk.event_types) is told
        assert "conversation.audio_transcript.completed" in talk.event_types


def test_a_transcript_prepared_at_a_pause_serves_as_a_partial_one_when_the_user_speaks_on() -> None:
    talk = Simulation(Engines(transcription_s=0.25))
    talk.free_talk()
    talk.speak(1000)
    talk.silence(160)
    prepared = talk.all(Transcribe)[-1]
    assert prepared.final
    talk.speak(200)
    assert prepared.order not in talk.cancelled
    assert talk.all(Transcribe)[-1] is prepared, "while it is under way no other is ordered"
    talk.speak(300)
    assert "conversation.audio_transcript.update" in talk.event_types
