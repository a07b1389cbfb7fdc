"""Free talk in which the server also judges from the meaning whether the user has finished (uplink.md)."""

from collections.abc import Iterator
from typing import Any

import pytest

from kouyu.conversation.effects import CancelJudgement, Effect, JudgeTurn, StartReply, Transcribe
from kouyu.conversation.inputs import TurnJudged
from kouyu.conversation.limits import Limits
from tests.conversation.simulation import Engines, Report, Simulation

COMPLETE = Engines(completeness=0.9)
UNFINISHED = Engines(completeness=0.1)


def asked(engines: Engines, limits: Limits | None = None, **semantic_vad_config: Any) -> Simulation:
    """The user has said something and is silent now."""
    talk = Simulation(engines, limits or Limits())
    talk.configure(turn_detection={"type": "semantic_vad", "semantic_vad_config": semantic_vad_config})
    talk.speak(960)
    return talk


def asked_without_interims(engines: Engines) -> Simulation:
    """As ``asked``; the only transcript is that which is prepared at the pause."""
    talk = Simulation(engines)
    talk.configure(turn_detection={"type": "semantic_vad"}, asr_config={"stream_mode": "output_no_stream"})
    talk.speak(960)
    return talk


def silence_before_the_end(talk: Simulation) -> float:
    """Seconds from the end of speech to ``speech_stopped``."""
    spoken_until = talk.now
    talk.silence(4000)
    return talk.time_of("input_audio_buffer.speech_stopped") - spoken_until


def test_a_turn_judged_complete_ends_as_soon_as_it_is_judged() -> None:
    # 300 ms are over with the chunk that ends at 320 ms; the judge takes 30 ms.
    assert silence_before_the_end(asked(COMPLETE)) == pytest.approx(0.288 + 0.03)


def test_a_turn_judged_unfinished_waits() -> None:
    assert silence_before_the_end(asked(UNFINISHED)) == pytest.approx(0.512)
    patient = asked(UNFINISHED, semantic_unfinished_wait_time_ms=2000)
    assert silence_before_the_end(patient) == pytest.approx(1.984)


def test_a_transcript_that_comes_after_the_judgement_is_judged_too() -> None:
    class JudgesByTranscript(Engines):
        def reports(self, order: Effect) -> Iterator[Report]:
            if isinstance(order, JudgeTurn):
                yield 0.03, TurnJudged(order.order, 0.9 if order.transcript else 0.1)
            else:
                yield from super().reports(order)

    talk = asked_without_interims(JudgesByTranscript(transcription_s=0.27))
    assert silence_before_the_end(talk) < 0.4
    first, second = talk.all(JudgeTurn)
    assert (first.transcript, second.transcript) == ("", Engines().transcript)
    assert (first.start, first.end) == (second.start, second.end)


def test_the_judgement_is_made_at_silence_threshold_ms() -> None:
    early = asked(COMPLETE, silence_threshold_ms=100)
    assert silence_before_the_end(early) == pytest.approx(0.096 + 0.03)


def test_where_the_wait_is_shorter_than_the_threshold_the_threshold_ends_the_turn() -> None:
    talk = asked(COMPLETE, silence_threshold_ms=800, semantic_unfinished_wait_time_ms=200)
    assert silence_before_the_end(talk) == pytest.approx(0.8)
    assert talk.all(JudgeTurn) == []


def test_a_judgement_that_never_comes_is_cancelled_and_the_turn_ends_without_one() -> None:
    talk = asked(Engines(judgement_s=None), semantic_unfinished_wait_time_ms=2000)
    assert silence_before_the_end(talk) == pytest.approx(0.8)
    (judge,) = talk.all(JudgeTurn)
    assert talk.all(CancelJudgement) == [CancelJudgement(judge.order)]
    cancelled_at = next(at for at, effect in talk.effects if isinstance(effect, CancelJudgement))
    judged_at = next(at for at, effect in talk.effects if isinstance(effect, JudgeTurn))
    assert cancelled_at - judged_at == pytest.approx(Limits().turn_judgement_s)


def test_a_judgement_that_is_under_way_when_the_turn_ends_is_cancelled() -> None:
    talk = asked(Engines(judgement_s=None))
    talk.silence(1000)
    (cancelled_at,) = [at for at, effect in talk.effects if isinstance(effect, CancelJudgement)]
    assert cancelled_at == talk.time_of("input_audio_buffer.speech_stopped")


@pytest.mark.parametrize("completeness", [0.0, 1.0])
def test_a_judgement_that_comes_late_says_nothing(completeness: float) -> None:
    late = Engines(judgement_s=0.4, completeness=completeness)
    assert silence_before_the_end(asked(late, semantic_unfinished_wait_time_ms=2000)) == pytest.approx(0.8)


def test_a_turn_without_a_judgement_waits_no_longer_than_an_unfinished_one() -> None:
    late = Engines(judgement_s=None)
    assert silence_before_the_end(asked(late, semantic_unfinished_wait_time_ms=640)) == pytest.approx(0.64)


def test_after_speech_that_resumes_a_late_judgement_is_forgotten() -> None:
    talk = asked(Engines(judgement_s=None), semantic_unfinished_wait_time_ms=2000)
    talk.silence(700)
    talk.engines = UNFINISHED
    talk.speak(960)
    assert silence_before_the_end(talk) == pytest.approx(1.984)


def test_speech_that_resumes_drops_the_judgement() -> None:
    talk = asked(Engines(judgement_s=0.1, completeness=1.0))
    talk.silence(352)
    talk.speak(960)
    assert len(talk.all(CancelJudgement)) == 1
    talk.silence(2000)
    assert len(talk.all(JudgeTurn)) == 2
    assert talk.event_types.count("input_audio_buffer.speech_stopped") == 1
    assert talk.event_types.count("conversation.chat.created") == 1


def test_speech_that_resumes_before_the_first_pause_drops_the_judgement_too() -> None:
    talk = asked(Engines(judgement_s=0.1, completeness=1.0), silence_threshold_ms=64)
    talk.silence(96)
    talk.speak(960)
    assert len(talk.all(CancelJudgement)) == 1
    assert "input_audio_buffer.speech_stopped" not in talk.event_types


def test_speech_that_resumes_after_a_pause_too_short_to_prepare_in_drops_the_judgement_too() -> None:
    talk = asked(Engines(judgement_s=0.1, completeness=1.0), Limits(speculation_pause_ms=2000))
    talk.silence(352)
    talk.speak(960)
    assert len(talk.all(JudgeTurn)) == len(talk.all(CancelJudgement)) == 1
    assert "input_audio_buffer.speech_stopped" not in talk.event_types
    talk.silence(1000)
    assert talk.event_types.count("input_audio_buffer.speech_stopped") == 1


def test_the_judge_hears_the_utterance_and_reads_the_transcript_prepared_at_the_pause() -> None:
    talk = asked(Engines(transcription_s=0.05, transcript="What is this?"))
    talk.silence(1000)
    (judge,) = talk.all(JudgeTurn)
    prepared = next(order for order in talk.all(Transcribe) if order.final)
    assert (judge.start, judge.end) == (prepared.start, prepared.end)
    assert (judge.transcript, judge.language) == ("What is this?", "en")


def test_without_a_prepared_transcript_the_judge_reads_the_last_interim_one() -> None:
    talk = asked(Engines(transcript="So far"), Limits(speculation=False))
    talk.silence(1000)
    (judge,) = talk.all(JudgeTurn)
    assert judge.transcript == "So far"


def test_without_any_transcript_the_judge_has_the_audio_alone() -> None:
    talk = asked(Engines(transcription_s=None))
    talk.silence(1000)
    (judge,) = talk.all(JudgeTurn)
    assert (judge.transcript, judge.language) == ("", "")


def test_the_reply_prepared_at_the_pause_is_the_one_that_goes_out() -> None:
    talk = asked(Engines(transcription_s=0.01, first_delta_s=0.01, delta_s=0.0, synthesis_s=0.01))
    talk.silence(3000)
    assert len(talk.all(StartReply)) == 1
    assert talk.time_of("conversation.audio.delta") == talk.time_of("input_audio_buffer.speech_stopped")


def test_a_client_that_stops_sending_is_answered_when_its_turn_is_judged_complete() -> None:
    talk = asked(COMPLETE)
    talk.silence(288)
    stopped_sending_at = talk.now
    talk.wait(5)
    assert talk.time_of("input_audio_buffer.speech_stopped") == pytest.approx(stopped_sending_at + 0.03)


def test_a_client_that_stops_sending_is_answered_without_any_judgement() -> None:
    talk = asked(UNFINISHED)
    talk.silence(320)
    talk.wait(20)
    assert talk.event_types[-1] == "conversation.chat.completed"


def test_server_vad_and_push_to_talk_judge_nothing() -> None:
    talk = Simulation()
    talk.speak(960)
    talk.silence(960)
    talk.complete()
    talk.free_talk()
    talk.silence(5000)
    talk.speak(960)
    talk.silence(2000)
    assert talk.event_types.count("input_audio_buffer.speech_stopped") == 1
    assert talk.all(JudgeTurn) == []


def test_complete_and_clear_have_no_effect() -> None:
    talk = asked(COMPLETE)
    talk.complete()
    assert "input_audio_buffer.completed" not in talk.event_types
