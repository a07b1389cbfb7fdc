"""Requests that wait for the turns before them."""

from typing import cast

from kouyu.conversation.effects import Send
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.waiting_requests import OVERTAKEN, WaitingRequests, refused
from kouyu.domain.requests import AnswerNow


class RunningReply:
    """An output in which a reply runs."""

    def running(self) -> bool:
        return True

    def reply(self) -> object:
        return self


def test_an_answer_that_is_due_while_another_runs_is_refused() -> None:
    waiting = WaitingRequests(cast("OutputSlot", RunningReply()), lambda request, now: iter(()))
    waiting.add(AnswerNow(origin="1"), "")
    effects = list(waiting.carry_out_due((), 0.0))
    assert effects == [refused("1", OVERTAKEN)]
    assert isinstance(effects[0], Send)
    assert not waiting
