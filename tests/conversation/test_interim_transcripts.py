"""Interim transcripts: one at a time, and only as often as there is something new."""

from kouyu.conversation.effects import CancelTranscribe, Transcribe
from kouyu.conversation.interim_transcripts import FIRST_SPEECH_MS, LONGEST_INTERVAL_MS, InterimTranscripts
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.speech_detector import samples_in
from kouyu.conversation.utterance import Span
from kouyu.domain.configuration import Configuration, InterruptConfig, TurnDetection
from tests.conversation.simulation import Engines, Simulation

FREE_TALK = Configuration(turn_detection=TurnDetection(type="server_vad"))
INTERVAL = samples_in(Limits().interim_interval_ms)


def made() -> InterimTranscripts:
    return InterimTranscripts(OrderNumbers(), Limits())


def ask(
    interims: InterimTranscripts,
    end: int,
    *,
    start: int = 0,
    now: float = 0.0,
    speech_ms: int = FIRST_SPEECH_MS,
    configuration: Configuration | None = None,
) -> int | None:
    """The number of the order, if one was given."""
    effects = list(interims.ask(Span(start, end), configuration or Configuration(), now, speech_ms))
    orders = [effect.order for effect in effects if isinstance(effect, Transcribe)]
    return orders[0] if orders else None


def test_the_first_is_ordered_when_an_interval_of_audio_is_there() -> None:
    interims = made()
    assert ask(interims, 5000 + INTERVAL - 1, start=5000) is None
    assert ask(interims, 5000 + INTERVAL, start=5000) is not None


def test_the_first_needs_enough_speech_and_the_next_more_unless_they_decide_about_an_interruption() -> None:
    assert ask(made(), INTERVAL, speech_ms=FIRST_SPEECH_MS - 1) is None
    keywords = TurnDetection(interrupt_config=InterruptConfig(mode="keyword_contains", keywords=("stop",)))
    waits_for_one = Configuration(turn_detection=keywords)
    interims = made()
    order = ask(interims, 8 * INTERVAL, speech_ms=96, configuration=waits_for_one)
    assert order is not None
    interims.on_transcript(order, "hello", "en", 9.0)
    assert ask(interims, 9 * INTERVAL, configuration=waits_for_one) is not None


def test_there_is_one_at_a_time() -> None:
    interims = made()
    order = ask(interims, INTERVAL)
    assert order is not None
    assert ask(interims, 3 * INTERVAL) is None
    interims.on_transcript(order, "hello", "en", 0.0)
    assert ask(interims, 3 * INTERVAL) is not None


def test_the_next_needs_an_interval_of_new_audio() -> None:
    interims = made()
    order = ask(interims, INTERVAL)
    assert order is not None
    interims.on_transcript(order, "hello", "en", 0.0)
    assert ask(interims, 2 * INTERVAL - 1) is None
    assert ask(interims, 2 * INTERVAL) is not None


def test_a_long_utterance_needs_a_quarter_more_audio() -> None:
    interims = made()
    order = ask(interims, 8 * INTERVAL)
    assert order is not None
    interims.on_transcript(order, "hello", "en", 0.0)
    assert ask(interims, 10 * INTERVAL - 1, configuration=FREE_TALK) is None
    assert ask(interims, 9 * INTERVAL - 1) is None
    assert ask(interims, 10 * INTERVAL, configuration=FREE_TALK) is not None


def test_a_long_push_to_talk_buffer_needs_no_more() -> None:
    interims = made()
    order = ask(interims, 8 * INTERVAL)
    assert order is not None
    interims.on_transcript(order, "hello", "en", 0.0)
    assert ask(interims, 9 * INTERVAL) is not None


def test_the_next_needs_three_times_the_audio_of_the_time_that_the_last_one_took() -> None:
    interims = made()
    order = ask(interims, INTERVAL, now=5.0)
    assert order is not None
    interims.on_transcript(order, "hello", "en", 5.3)
    assert ask(interims, INTERVAL + samples_in(900) - 1) is None
    assert ask(interims, INTERVAL + samples_in(900)) is not None


def test_however_long_and_slow_it_is_there_is_a_longest_interval() -> None:
    interims = made()
    long = samples_in(60_000)
    order = ask(interims, long, now=5.0)
    assert order is not None
    interims.on_transcript(order, "hello", "en", 9.0)
    assert ask(interims, long + samples_in(LONGEST_INTERVAL_MS) - 1) is None
    assert ask(interims, long + samples_in(LONGEST_INTERVAL_MS)) is not None


def test_only_a_text_that_says_something_new_is_news() -> None:
    interims = made()
    told = []
    for index, text in enumerate(("", "hello", " hello ", "hello you"), 1):
        order = ask(interims, index * INTERVAL)
        assert order is not None
        told.append(interims.on_transcript(order, text, "en", 0.0))
    assert told == [False, True, False, True]
    assert (interims.text, interims.language) == ("hello you", "en")


def test_a_transcript_under_another_number_is_not_one_of_these() -> None:
    interims = made()
    order = ask(interims, INTERVAL)
    assert order is not None
    assert not interims.on_transcript(order + 1, "hello", "en", 0.0)
    assert interims.text == ""


def test_after_one_that_failed_the_next_may_come() -> None:
    interims = made()
    order = ask(interims, INTERVAL)
    assert order is not None
    interims.on_failure(order)
    assert ask(interims, 2 * INTERVAL) is not None


def test_one_that_is_overdue_is_cancelled() -> None:
    interims = made()
    order = ask(interims, INTERVAL, now=5.0)
    assert order is not None
    deadline = interims.deadline
    assert deadline == 5.0 + Limits().transcript_within_s(INTERVAL / 16_000)
    assert list(interims.on_time(deadline - 0.1)) == []
    assert list(interims.on_time(deadline)) == [CancelTranscribe(order)]
    assert interims.deadline is None


def test_a_new_utterance_begins_without_text() -> None:
    interims = made()
    order = ask(interims, INTERVAL)
    assert order is not None
    interims.on_transcript(order, "hello", "en", 0.0)
    list(interims.reset())
    assert (interims.text, interims.language) == ("", "")


def test_a_button_held_in_silence_keeps_no_overdue_order() -> None:
    talk = Simulation(Engines(transcription_s=None))
    talk.speak(640)
    talk.wait(60)
    assert talk.conversation.deadline(talk.now) is None
    assert {order.order for order in talk.all(Transcribe)} == talk.cancelled


def test_interim_transcripts_are_sent_only_in_stream_mode_bidirectional() -> None:
    for mode, told in (("bidirectional_stream", True), ("output_no_stream", False)):
        talk = Simulation()
        talk.configure(asr_config={"stream_mode": mode}, turn_detection={"type": "server_vad"})
        talk.speak(1500)
        talk.silence(3000)
        assert ("conversation.audio_transcript.update" in talk.event_types) is told
        assert "conversation.audio_transcript.completed" in talk.event_types


def test_a_transcript_prepared_at_a_pause_serves_as_an_interim_one_when_the_user_speaks_on() -> None:
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
