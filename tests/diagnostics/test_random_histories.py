"""Whatever users and engines do, the facts agree with the conversation and with each other."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kouyu.conversation.effects import Send
from kouyu.conversation.inputs import TimePassed
from kouyu.conversation.limits import Limits
from kouyu.diagnostics.facts.client import AudioSent, ChatChanged
from kouyu.diagnostics.facts.turn import TurnEnded, TurnStarted
from kouyu.diagnostics.facts.user import SpeechEnded, SpeechStarted
from kouyu.domain.events import SpeechDelta
from tests.conversation.random_users import Do, histories, perform, tries
from tests.conversation.test_random_histories import RandomEngines, engines
from tests.diagnostics.observed import Observed


@tries
@given(history=histories, engines=engines, speculation=st.booleans())
def test_facts_agree_with_events(
    history: tuple[dict[str, Any], list[Do]], engines: RandomEngines, speculation: bool
) -> None:
    talk = Observed(engines, Limits(speculation=speculation))
    perform(talk, history)
    talk.wait(4000)
    talk.give(TimePassed())
    events: Counter[str] = Counter(talk.event_types)
    chats = Counter(fact.status for fact in talk.of(ChatChanged))
    for status in ("created", "completed", "failed", "requires_action"):
        assert chats[status] == events[f"conversation.chat.{status}"], status
    assert len(talk.of(SpeechStarted)) == events["input_audio_buffer.speech_started"]
    packets = sum(isinstance(send.event, SpeechDelta) and not send.apart for send in talk.all(Send))
    assert sum(fact.packets for fact in talk.of(AudioSent)) == packets
    _check_times(talk)
    _check_turns(talk)


def _check_times(talk: Observed) -> None:
    times = [fact.at_ms for fact in talk.facts]
    assert times == sorted(times)
    for fact in talk.facts:
        from_ms, to_ms = getattr(fact, "from_ms", 0), getattr(fact, "to_ms", None)
        assert to_ms is None or from_ms <= to_ms, fact


def _check_turns(talk: Observed) -> None:
    """Each turn begins first and ends last, once; at rest all have ended but a push-to-talk buffer still open."""
    for number in range(1, talk.observer.turns + 1):
        facts = [fact for fact in talk.facts if fact.turn == number]
        assert isinstance(facts[0], TurnStarted), number
        kinds = Counter(type(fact) for fact in facts)
        assert kinds[TurnStarted] == 1
        if not kinds[TurnEnded]:
            assert facts[0].cause == "push_to_talk", facts
            assert not kinds[SpeechEnded], facts
            continue
        assert isinstance(facts[-1], TurnEnded), facts
        assert kinds[TurnEnded] == 1
        stages = facts[-1].stages
        assert (stages is not None) == (kinds[AudioSent] > 0)
        if stages is not None:
            parts = stages.silence, stages.recognition, stages.first_token, stages.first_sentence
            assert abs(sum((*parts, stages.synthesis, stages.sending)) - stages.total) < 1
            assert min(*parts, stages.synthesis, stages.sending) >= 0
