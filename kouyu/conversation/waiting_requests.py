"""Requests of the client that wait for the turns before them, whose transcripts are missing."""

from collections import deque
from collections.abc import Callable, Collection, Iterator
from typing import TypeGuard

import msgspec

from kouyu.conversation.effects import Effect, Send
from kouyu.conversation.output_slot import OutputSlot
from kouyu.domain.errors import CHAT_RUNS
from kouyu.domain.events import RequestRefused
from kouyu.domain.requests import AnswerNow, WriteMessage

RUNNING = "an answer is running, or will: it must be over, or stopped, before another one is asked for"
OVERTAKEN = "the answer did not begin: the user spoke, or the client stopped it, or sent a message or a text, before"

CarryOut = Callable[[AnswerNow | WriteMessage, float], Iterator[Effect]]


class _Waiting(msgspec.Struct, frozen=True):
    request: AnswerNow | WriteMessage
    behind: str
    """The id of the question that it follows; "": none."""


class WaitingRequests:
    """The requests that wait, oldest first. A message becomes context behind the questions that were asked before it,
    and an answer without a question of its own is asked for with all of them in its context."""

    def __init__(self, output: OutputSlot, carry_out: CarryOut) -> None:
        """``carry_out`` carries a request out at once."""
        self._output = output
        self._carry_out = carry_out
        self._waiting: deque[_Waiting] = deque()

    def __bool__(self) -> bool:
        """Whether any request waits."""
        return bool(self._waiting)

    @property
    def asks(self) -> bool:
        """Whether an answer of the conversation is asked for."""
        return any(_is_answer(waiting.request) for waiting in self._waiting)

    @property
    def writes(self) -> bool:
        """Whether a message waits."""
        return any(isinstance(waiting.request, WriteMessage) for waiting in self._waiting)

    def add(self, request: AnswerNow | WriteMessage, behind: str) -> None:
        """Have the request wait until the turn of the question ``behind`` is over; "": for the requests before it."""
        self._waiting.append(_Waiting(request, behind))

    def add_first(self, request: AnswerNow) -> None:
        """Have the request wait for no turn, before all others."""
        self._waiting.appendleft(_Waiting(request, ""))

    def carry_out_due(self, turns: Collection[str], now: float) -> Iterator[Effect]:
        """Carry out, in order, what waits for none of ``turns``, the ids of the questions that are missing. An answer
        of the conversation also waits for the end of an announcement."""
        while self._waiting and self._waiting[0].behind not in turns:
            request = self._waiting[0].request
            if _is_answer(request) and self._output.running() and self._output.reply() is None:
                return
            self._waiting.popleft()
            if _is_answer(request) and self._output.running():
                yield refused(request.origin, OVERTAKEN)
            else:
                yield from self._carry_out(request, now)

    def interrupt(self) -> Iterator[Effect]:
        """Refuse the answers of the conversation that are asked for: something has overtaken them."""
        overtaken = [waiting for waiting in self._waiting if _is_answer(waiting.request)]
        for waiting in overtaken:
            self._waiting.remove(waiting)
            yield refused(waiting.request.origin, OVERTAKEN)


def _is_answer(request: AnswerNow | WriteMessage) -> TypeGuard[AnswerNow]:
    """Whether it asks for an answer of the conversation."""
    return isinstance(request, AnswerNow) and not request.options.is_apart


def refused(origin: str | None, why: str) -> Send:
    """Refuse an AnswerNow of this origin."""
    return Send(RequestRefused(CHAT_RUNS, why, origin=origin))
