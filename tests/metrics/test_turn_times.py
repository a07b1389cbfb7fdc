"""What is measured of a conversation in virtual time: the figures are those of its clock."""

from typing import Any

import pytest

from kouyu.conversation.effects import Effect, Send, Transcribe
from kouyu.conversation.inputs import Input, TimePassed
from kouyu.domain.events import ChatBegan, SpeechDelta
from kouyu.domain.options import AnswerOptions
from kouyu.domain.requests import AnswerNow, CancelAnswer
from kouyu.metrics.server_metrics import ServerMetrics
from kouyu.metrics.turn_times import TurnTimes
from tests.conversation.simulation import Engines, Simulation


def replayed(talk: Simulation, **how: Any) -> ServerMetrics:
    """The metrics of everything that went into and came out of a conversation."""
    metrics = ServerMetrics()
    times = TurnTimes(metrics, **how)
    received: Input | None = None
    effects: list[Effect] = []
    at = 0.0
    for now, item in [*talk.history, (0.0, None)]:
        if isinstance(item, Effect):
            effects.append(item)
            continue
        if received is not None:
            times.follow(received, effects, at)
        received, effects, at = item, [], now
    return metrics


def value(metrics: ServerMetrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


def first(talk: Simulation, event_type: str) -> float:
    return talk.time_of(event_type)


def test_a_spoken_turn_gives_the_time_of_each_of_its_stages() -> None:
    talk = Simulation(Engines(transcription_s=0.15, first_delta_s=0.1, synthesis_s=0.2))
    talk.free_talk()
    talk.speak(960)
    talk.silence(20_000)
    metrics = replayed(talk)
    waited = first(talk, "conversation.audio.delta") - first(talk, "input_audio_buffer.speech_stopped")
    assert value(metrics, "kouyu_turn_first_audio_seconds_sum", began="speech") == pytest.approx(waited)
    assert value(metrics, "kouyu_turn_first_audio_seconds_count", began="speech") == 1
    assert value(metrics, "kouyu_transcript_seconds_sum") == pytest.approx(0.15)
    assert value(metrics, "kouyu_reply_first_token_seconds_sum") == pytest.approx(0.1)
    assert value(metrics, "kouyu_speech_first_packet_seconds_sum") == pytest.approx(0.2)
    assert value(metrics, "kouyu_turns_total", outcome="completed") == 1


def test_a_typed_turn_is_measured_from_its_message() -> None:
    talk = Simulation()
    talk.write("What is the capital of France?")
    talk.wait(30)
    metrics = replayed(talk)
    assert value(metrics, "kouyu_turn_first_audio_seconds_sum", began="typed") == pytest.approx(
        first(talk, "conversation.audio.delta")
    )


@pytest.mark.parametrize(("is_agent_here", "expected"), [(True, 3.2), (False, 0.2)])
def test_the_wait_for_an_agent_elsewhere_is_no_load_of_this_machine(is_agent_here: bool, expected: float) -> None:
    talk = Simulation(Engines(first_delta_s=3.0, delta_s=0.0, synthesis_s=0.2))
    talk.write("What is the capital of France?")
    talk.wait(30)
    answered: list[float] = []
    replayed(talk, answered=answered.append, is_agent_here=is_agent_here)
    assert answered == [pytest.approx(expected, abs=0.05)]


def test_a_push_to_talk_turn_is_measured_from_its_completion() -> None:
    talk = Simulation()
    talk.speak(960)
    talk.complete()
    talk.wait(30)
    waited = first(talk, "conversation.audio.delta") - first(talk, "input_audio_buffer.completed")
    assert value(replayed(talk), "kouyu_turn_first_audio_seconds_sum", began="push_to_talk") == pytest.approx(waited)


def test_an_interruption_is_measured_from_the_first_chunk_of_speech() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.write("Tell me a story.")
    talk.wait(1.0)
    began = talk.now + 0.032
    talk.speak(960)
    canceled = talk.time_of("conversation.chat.canceled")
    metrics = replayed(talk)
    assert value(metrics, "kouyu_barge_in_seconds_sum") == pytest.approx(canceled - began)
    assert value(metrics, "kouyu_turns_total", outcome="canceled") == 1


def test_replies_prepared_at_a_pause_are_counted_as_used_or_discarded() -> None:
    talk = Simulation()
    talk.free_talk()
    talk.speak(960)
    talk.silence(320)  # a pause: a reply is prepared, and thrown away when the user goes on
    talk.speak(960)
    talk.silence(20_000)
    metrics = replayed(talk)
    assert value(metrics, "kouyu_speculative_replies_total", result="discarded") >= 1
    assert value(metrics, "kouyu_speculative_replies_total", result="used") == 1


def test_a_reply_that_is_certain_from_its_beginning_is_not_speculative() -> None:
    talk = Simulation()
    talk.write("Hello.")
    talk.wait(30)
    metrics = replayed(talk)
    assert value(metrics, "kouyu_speculative_replies_total", result="used") == 0


def test_an_answer_apart_is_no_first_audio_of_a_turn() -> None:
    talk = Simulation(Engines(first_delta_s=1.0))
    apart = AnswerOptions(kept=False, context=())
    talk.free_talk()
    talk.give(AnswerNow(options=apart))
    talk.speak(480)
    talk.silence(800)
    talk.give(AnswerNow(options=apart))
    talk.wait(0.5)
    (*_, began) = (send.event for send in talk.all(Send) if isinstance(send.event, ChatBegan) and send.apart)
    talk.give(CancelAnswer(began.chat.id))
    talk.wait(30)
    metrics = replayed(talk)
    own = next(at for at, effect in talk.effects if _is_audio(effect))
    waited = own - first(talk, "input_audio_buffer.speech_stopped")
    assert value(metrics, "kouyu_turn_first_audio_seconds_sum", began="speech") == pytest.approx(waited)
    assert value(metrics, "kouyu_turn_first_audio_seconds_count", began="speech") == 1
    assert value(metrics, "kouyu_turns_total", outcome="completed") == 2
    assert value(metrics, "kouyu_turns_total", outcome="canceled") == 1


def _is_audio(effect: Effect) -> bool:
    return isinstance(effect, Send) and not effect.apart and isinstance(effect.event, SpeechDelta)


def test_errors_are_counted_by_their_code() -> None:
    talk = Simulation()
    talk.configure(turn_detection={"type": "telepathy"})
    errors = [event for event in talk.events if event.event_type == "error"]
    assert len(errors) == 1
    code = str(errors[0].data.code)  # type: ignore[union-attr]
    assert value(replayed(talk), "kouyu_errors_total", code=code) == 1


def test_orders_that_are_never_answered_are_forgotten() -> None:
    talk = Simulation(Engines(transcription_s=None))
    times = TurnTimes(ServerMetrics())
    for _ in range(50):
        talk.speak(960)
        talk.complete()
        talk.wait(20)
    ordered = [(now, effect) for now, effect in talk.effects if isinstance(effect, Transcribe)]
    assert len(ordered) >= 50
    for now, effect in ordered:
        times.follow(TimePassed(), [effect], now)
    assert len(times._transcripts) == 32
