"""What is told of a turn, moment by moment, with engines that take known times."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from kouyu.conversation.effects import Effect, Send, StartReply
from kouyu.conversation.inputs import ReplyDelta, ReplyFinished, TimePassed
from kouyu.conversation.limits import Limits
from kouyu.diagnostics.facts.agent import ReplyAsked, ReplyCompleted
from kouyu.diagnostics.facts.client import AudioSent, ChatChanged, SentenceStarted, TurnInterrupted
from kouyu.diagnostics.facts.session import Failure
from kouyu.diagnostics.facts.turn import Stages, TurnEnded, TurnStarted
from kouyu.diagnostics.facts.user import (
    EndOfTurnJudged,
    SpeculationCommitted,
    SpeculationDiscarded,
    SpeechEnded,
    SpeechProbabilities,
    SpeechStarted,
    TranscriptReceived,
    Waveform,
)
from kouyu.domain.events import ChatBegan
from kouyu.domain.options import AnswerOptions
from kouyu.domain.requests import Announce, AnswerNow, CancelAnswer
from tests.conversation.simulation import Engines, Report
from tests.diagnostics.observed import Observed

UNSPECULATIVE = Limits(speculation=False)
LONG_ANSWER = Engines(deltas=tuple(f"This is sentence number {n} of it. " for n in range(8)), packets_per_sentence=10)


def stages(talk: Observed, turn: int = 1) -> Stages:
    (ended,) = talk.of(TurnEnded, turn)
    assert ended.stages is not None
    return ended.stages


def ask(talk: Observed) -> Observed:
    """One spoken question and its answer, to the end."""
    talk.free_talk()
    talk.silence(512)
    talk.speak(1024)
    talk.silence(6000)
    return talk


def test_without_speculation_every_stage_is_waited_for() -> None:
    found = stages(ask(Observed(limits=UNSPECULATIVE)))
    assert 480 <= found.silence <= 540
    # The engines' times: a transcript takes 150 ms, the first sentence is complete 50 ms after the first token.
    assert (found.recognition, found.first_token, found.first_sentence) == (150, 100, 50)
    assert (found.synthesis, found.sending) == (100, 0)
    assert found.total == pytest.approx(found.silence + 400, abs=0.5)


def test_with_speculation_only_the_silence_is_waited_for() -> None:
    talk = ask(Observed())
    found = stages(talk)
    assert found.total == found.silence
    (ended,) = talk.of(TurnEnded)
    assert (ended.work.recognition, ended.work.first_token, ended.work.first_sentence_synthesis) == (150, 100, 100)
    assert len(talk.of(SpeculationCommitted)) == 1


def test_speech_is_placed_where_the_user_spoke() -> None:
    talk = ask(Observed())
    (started,), (ended,) = talk.of(SpeechStarted), talk.of(SpeechEnded)
    assert started.from_ms == pytest.approx(512 - 512 % 32, abs=32)
    assert ended.to_ms == pytest.approx(started.from_ms + 1024, abs=32)
    assert (ended.reason, ended.silence_ms) == ("silence", ended.at_ms - ended.to_ms)


def test_a_user_who_speaks_on_discards_what_was_prepared() -> None:
    talk = Observed()
    talk.free_talk()
    talk.speak(640)
    talk.silence(400)
    talk.speak(640)
    talk.silence(6000)
    (discarded,) = talk.of(SpeculationDiscarded)
    assert (discarded.turn, discarded.reason) == (1, "spoke_on")
    assert len(talk.of(TurnStarted)) == 1
    assert stages(talk).total == pytest.approx(512, abs=64)


def test_a_judgement_tells_how_sure_it_was_and_what_was_needed() -> None:
    talk = Observed(Engines(completeness=0.93))
    talk.configure(turn_detection={"type": "semantic_vad"})
    talk.speak(1024)
    talk.silence(6000)
    (judged,) = talk.of(EndOfTurnJudged)
    assert (judged.completeness, judged.threshold, judged.took_ms) == (0.93, 0.5, 30)
    assert talk.of(SpeechEnded)[0].reason == "judged_complete"


def test_a_barge_in_is_reported_with_what_was_needed_and_what_was_heard() -> None:
    talk = Observed(LONG_ANSWER)
    talk.free_talk()
    talk.write("hello")
    talk.silence(1000)
    talk.speak(640)
    talk.silence(1000)
    (barge_in,) = talk.of(TurnInterrupted)
    assert (barge_in.turn, barge_in.by_turn, barge_in.code) == (1, 2, 1)
    assert barge_in.speech_ms >= barge_in.needed_ms == Limits().barge_in_ms
    assert barge_in.heard is not None
    assert LONG_ANSWER.deltas[0].startswith(barge_in.heard[:10])
    assert barge_in.unheard_ms > 0
    assert talk.kinds_of(1)[-3:] == ["barge_in", "chat", "turn.ended"]


def test_a_keyword_that_interrupts_is_named() -> None:
    talk = Observed(Engines(deltas=LONG_ANSWER.deltas, packets_per_sentence=10, transcript="please stop now"))
    talk.free_talk(interrupt_config={"mode": "keyword_contains", "keywords": ["please wait", "stop now"]})
    talk.write("hello")
    talk.silence(1000)
    talk.speak(1024)
    talk.silence(1000)
    assert [fact.keyword for fact in talk.of(TurnInterrupted)] == ["stop now"]


def test_a_cancel_of_the_clients_is_by_no_turn() -> None:
    talk = Observed(LONG_ANSWER)
    talk.write("hello")
    talk.wait(1)
    talk.cancel()
    assert [(fact.code, fact.by_turn) for fact in talk.of(TurnInterrupted)] == [(2, 0)]


def test_a_typed_message_that_interrupts_is_the_turn_after() -> None:
    talk = Observed(LONG_ANSWER)
    talk.write("hello")
    talk.wait(1)
    talk.write("another")
    assert [(fact.code, fact.turn, fact.by_turn) for fact in talk.of(TurnInterrupted)] == [(3, 1, 2)]
    assert [fact.question for fact in talk.of(ReplyAsked)] == ["hello", "another"]


def test_an_answer_apart_is_a_turn_and_neither_interrupts_nor_is_what_is_heard() -> None:
    talk = Observed(LONG_ANSWER)
    talk.write("hello")
    talk.wait(0.5)
    talk.give(AnswerNow(options=AnswerOptions(kept=False, context=())))
    talk.give(AnswerNow(options=AnswerOptions(kept=False, context=())))
    talk.wait(1)
    (*_, last) = (send.event for send in talk.all(Send) if isinstance(send.event, ChatBegan))
    talk.give(CancelAnswer(last.chat.id))
    talk.write("another")
    assert [(fact.code, fact.turn, fact.by_turn) for fact in talk.of(TurnInterrupted)] == [(3, 1, 4)]
    talk.wait(60)
    talk.give(TimePassed())
    statuses = [[fact.status for fact in talk.of(ChatChanged, turn)] for turn in (1, 2, 3, 4)]
    assert [each[-1] for each in statuses] == ["canceled", "completed", "canceled", "completed"]
    assert {fact.turn for fact in talk.of(AudioSent)} == {1, 4}
    assert {fact.turn for fact in talk.of(TurnEnded)} == {1, 2, 3, 4}
    (said,) = talk.of(ReplyCompleted, 2)
    assert said.text == "".join(LONG_ANSWER.deltas)


def test_push_to_talk_is_over_when_the_button_is_released() -> None:
    talk = Observed()
    talk.silence(300)
    talk.speak(700)
    talk.complete()
    talk.wait(6)
    talk.give(TimePassed())
    (ended,) = talk.of(SpeechEnded)
    assert ended.reason == "client"
    assert talk.of(TurnStarted)[0].cause == "push_to_talk"
    assert stages(talk).recognition == 150


def test_a_prologue_is_a_turn_of_the_agents_own() -> None:
    talk = Observed()
    talk.configure(need_play_prologue=True)
    talk.wait(4)
    talk.give(Announce("Good morning."))
    talk.wait(4)
    talk.give(TimePassed())
    assert [fact.cause for fact in talk.of(TurnStarted)] == ["announcement", "announcement"]
    assert [fact.stages is not None for fact in talk.of(TurnEnded)] == [True, True]


def test_playing_follows_on_without_gaps() -> None:
    talk = ask(Observed())
    sent = talk.of(AudioSent)
    assert sent[0].from_ms == sent[0].at_ms
    assert all(later.from_ms == earlier.to_ms for earlier, later in itertools.pairwise(sent))
    assert sum(fact.audio_ms for fact in sent) == pytest.approx(sent[-1].to_ms - sent[0].from_ms, abs=1)


def test_a_recogniser_that_fails_is_an_error_of_the_turn() -> None:
    talk = Observed(Engines(transcription_s=None), Limits(transcription_s=1.0))
    ask(talk)
    assert "turn.ended" in talk.kinds_of(1)
    assert [fact.status for fact in talk.facts if getattr(fact, "chat_id", "") and hasattr(fact, "status")] == [
        "created",
        "failed",
    ]
    assert not talk.of(TranscriptReceived)
    assert not talk.of(Failure)


def test_events_that_the_client_does_not_want_are_seen_all_the_same() -> None:
    talk = Observed()
    talk.configure(event_subscriptions=["conversation.message.delta"], turn_detection={"type": "server_vad"})
    talk.speak(1024)
    talk.silence(6000)
    assert "input_audio_buffer.speech_started" not in talk.event_types
    assert talk.of(SpeechStarted)
    assert talk.of(SentenceStarted)
    assert not talk.of(AudioSent)


def test_the_waveform_and_the_probabilities_cover_all_that_came_in() -> None:
    talk = Observed()
    talk.free_talk()
    talk.speak(1600)
    audio, voice = talk.of(Waveform), talk.of(SpeechProbabilities)
    assert all(later.from_ms == earlier.to_ms for earlier, later in itertools.pairwise(audio))
    assert {peak for fact in audio for peak in fact.peaks} == {0.25}
    assert sum(len(fact.peaks) * fact.piece_ms for fact in audio) >= 1400
    assert np.allclose([p for fact in voice for p in fact.probabilities], 0.95)
    assert all(fact.chunk_ms == 32 for fact in voice)


def test_audio_that_comes_in_a_burst_is_placed_in_its_moment() -> None:
    talk = Observed()
    talk.free_talk()
    talk.wait(1.0)
    talk.upload(2000, 0.95)
    talk.wait(0.1)
    assert {(fact.from_ms >= 0, fact.to_ms <= 1000) for fact in talk.of(Waveform)} == {(True, True)}


@pytest.mark.parametrize("cut", ["", "the answer was cut off: at 65536 characters"])
def test_an_answer_that_was_cut_off_completes_and_the_limit_is_told_before(cut: str) -> None:
    class Limited(Engines):
        def reports(self, order: Effect) -> Iterator[Report]:
            match order:
                case StartReply(number):
                    yield 0.1, ReplyDelta(number, "Paris is the capital.")
                    yield 0.2, ReplyFinished(number, 3, 4, cut=cut)
                case _:
                    yield from super().reports(order)

    talk = Observed(Limited())
    talk.write("Where is Paris?")
    talk.wait(10)
    assert talk.event_types[-1] == "conversation.chat.completed"
    told = [fact for fact in talk.facts if isinstance(fact, Failure | ReplyCompleted)]
    assert [fact.message for fact in told if isinstance(fact, Failure)] == ([cut] if cut else [])
    assert isinstance(told[-1], ReplyCompleted)
    assert (told[-1].text, told[-1].input_tokens, told[-1].output_tokens) == ("Paris is the capital.", 3, 4)
