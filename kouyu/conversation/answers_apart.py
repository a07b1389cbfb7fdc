"""Answers apart from the conversation: several run at once, beside what is said in it."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from kouyu.conversation.configuration_state import ConfigurationState
from kouyu.conversation.effects import Effect, Send
from kouyu.conversation.inputs import ReplyReport, SpeechReport
from kouyu.conversation.pacing import Pacer
from kouyu.conversation.playout import PlayoutClock
from kouyu.conversation.question import Asked, Question
from kouyu.conversation.reply import Reply
from kouyu.conversation.spoken_item import Outlet
from kouyu.conversation.turn import ReplyMaker

MOST_APART: Final = 4
"""Answers apart that are asked for or run at the same time: each occupies the agent and the voice."""
ITEMS_AT_ONCE: Final = 2 + MOST_APART
"""Items that are synthesised at the same time: the one in the output slot, one that is prepared meanwhile, and those
apart."""
MANY: Final = f"{MOST_APART} answers apart from the conversation run already: one must be over before another begins"


class _Running(msgspec.Struct, frozen=True):
    reply: Reply
    outlet: Outlet


class AnswersApart:
    """Holds the answers apart that run. Neither the user's speech nor the conversation's own answers end them, and they
    end neither. What they say is paced by nothing, and not followed in what was heard of it."""

    def __init__(self, make_reply: ReplyMaker, configuration: ConfigurationState) -> None:
        self._make_reply = make_reply
        self._configuration = configuration
        self._running: list[_Running] = []
        self._expected = 0

    def __bool__(self) -> bool:
        """Whether any runs."""
        return bool(self._running)

    def expect(self) -> bool:
        """Note that one is asked for, which begins by ``begin``. False: there are too many, and it must be refused."""
        if len(self._running) + self._expected >= MOST_APART:
            return False
        self._expected += 1
        return True

    def begin(self, asked: Asked, now: float) -> Iterator[Effect]:
        """Begin one that was expected."""
        self._expected -= 1
        reply = self._make_reply(Question(), now, asked)
        self._running.append(_Running(reply, Outlet(Pacer(None), PlayoutClock())))
        yield from _marked(reply.start(now))
        yield from _marked(reply.commit(now))

    def cancel(self, chat_id: str, now: float) -> Iterator[Effect]:
        """Stop the one with this chat, if it runs."""
        for running in [each for each in self._running if each.reply.chat_id == chat_id]:
            yield from self._cancel(running, now)

    def cancel_all(self, now: float) -> Iterator[Effect]:
        """Stop all: the client has left."""
        for running in tuple(self._running):
            yield from self._cancel(running, now)

    def advance(self, now: float) -> Iterator[Effect]:
        """Advance each; those that are over leave."""
        for running in tuple(self._running):
            running.outlet.sends_sound = self._configuration.options.takes_audio
            yield from _marked(running.reply.advance(now, running.outlet))
        self._running = [running for running in self._running if not running.reply.ended]

    def asked_by(self, order: int) -> Reply | None:
        """The one that a report of the agent with this number is for."""
        return next((running.reply for running in self._running if running.reply.asked_by(order)), None)

    def on_reply(self, reply: Reply, report: ReplyReport, now: float) -> Iterator[Effect]:
        """Take in a report of the agent for one of them."""
        yield from _marked(reply.on_report(report, now))

    def on_speech(self, report: SpeechReport, now: float) -> None:
        """Take in a report of synthesis, if it is for one of them."""
        for running in self._running:
            running.reply.on_speech(report, now)

    def deadlines(self, now: float) -> Iterator[float | None]:
        """Times at which ``advance`` must be called if no event comes before."""
        for running in self._running:
            yield running.reply.deadline(now, running.outlet)

    def _cancel(self, running: _Running, now: float) -> Iterator[Effect]:
        self._running.remove(running)
        yield from _marked(running.reply.cancel(now, running.outlet, by_content=False))


def _marked(effects: Iterable[Effect]) -> Iterator[Effect]:
    for effect in effects:
        yield msgspec.structs.replace(effect, apart=True) if isinstance(effect, Send) else effect
