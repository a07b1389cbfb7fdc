"""Text that turns out to have been a thought when it has been given out (a closing mark without an opening one)."""

from collections.abc import Iterator

from kouyu.conversation.effects import Effect, SaveMessage, StartReply
from kouyu.conversation.inputs import ReplyDelta, ReplyFinished, ReplyWithdrawn
from kouyu.domain.messages import Message
from kouyu.protocol.coze.downlink import Sentence
from tests.conversation.simulation import Engines, Report, Simulation

THOUGHT = "I should greet them. I should be kind. "


class ThinkingAloud(Engines):
    """An agent that thinks for ``thinking_s`` before a mark tells that it did."""

    thinking_s = 1.0

    def reports(self, order: Effect) -> Iterator[Report]:
        match order:
            case StartReply(number):
                yield 0.1, ReplyDelta(number, THOUGHT)
                yield self.thinking_s, ReplyWithdrawn(number, len(THOUGHT))
                yield self.thinking_s + 0.1, ReplyDelta(number, "Hello there.")
                yield self.thinking_s + 0.2, ReplyFinished(number, 1, 1)
            case _:
                yield from super().reports(order)


class ThinkingShortly(ThinkingAloud):
    """The mark comes before the first sentence has been made."""

    thinking_s = 0.15


def sentences(talk: Simulation) -> list[str]:
    return [event.data.text for event in talk.events if isinstance(event.data, Sentence)]


def answers(talk: Simulation) -> list[str]:
    saved = [item.message for _, item in talk.history if isinstance(item, SaveMessage)]
    return [message.content for message in saved if message.type == "answer"]


def deltas(talk: Simulation) -> list[str]:
    events = [event for event in talk.events if event.event_type == "conversation.message.delta"]
    return [event.data.content for event in events if isinstance(event.data, Message) and event.data.content]


def test_a_thought_that_does_not_sound_yet_is_never_spoken() -> None:
    talk = Simulation(ThinkingShortly())
    talk.write("Hi")
    talk.wait(20)
    assert sentences(talk) == ["Hello there."]
    assert answers(talk) == ["Hello there."]


def test_a_thought_that_sounds_already_is_broken_off_and_not_kept() -> None:
    talk = Simulation(ThinkingAloud())
    talk.write("Hi")
    talk.wait(20)
    assert sentences(talk)[0] == "I should greet them."
    assert sentences(talk)[-1] == "Hello there."
    assert answers(talk) == ["Hello there."]


def test_a_thought_of_a_turn_that_is_not_certain_is_not_even_shown() -> None:
    talk = Simulation(ThinkingShortly())
    talk.free_talk(silence_duration_ms=800)
    talk.speak(1000)
    talk.silence(2000)
    talk.wait(20)
    assert deltas(talk) == ["Hello there."]
    assert sentences(talk) == ["Hello there."]


class ThinkingAtTheEnd(ThinkingAloud):
    """An agent that answers, and then thinks aloud."""

    def reports(self, order: Effect) -> Iterator[Report]:
        match order:
            case StartReply(number):
                yield 0.1, ReplyDelta(number, "Hello there. ")
                yield 0.11, ReplyDelta(number, THOUGHT)
                yield 0.77, ReplyWithdrawn(number, len(THOUGHT))
                yield 0.9, ReplyFinished(number, 1, 1)
            case _:
                yield from super().reports(order)


def test_what_was_said_before_a_thought_stays() -> None:
    talk = Simulation(ThinkingAtTheEnd(synthesis_s=0.3))
    talk.write("Hi")
    talk.wait(20)
    assert sentences(talk) == ["Hello there.", "I should greet them."]
    assert talk.event_types.count("conversation.audio.delta") < 2 * talk.engines.packets_per_sentence
    assert answers(talk) == ["Hello there. "]
    assert talk.event_types[-1] == "conversation.chat.completed"
