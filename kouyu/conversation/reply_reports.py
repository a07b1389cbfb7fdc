"""Passes the reports of agents and of synthesis, and the outputs of the client's tools, to the reply they concern."""

import logging
from collections import deque
from collections.abc import Iterator
from typing import Final

from kouyu.conversation.answers_apart import AnswersApart
from kouyu.conversation.effects import Effect
from kouyu.conversation.inputs import ReplyReport, ReplyToolCalls, SpeechReport
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.turns import Turns
from kouyu.domain.errors import InvalidField
from kouyu.domain.requests import SubmitOutputs

log = logging.getLogger(__name__)

_CHATS_REMEMBERED: Final = 8
"""Chats that have requested tools: tells outputs that come too late from outputs that match no chat."""


class ReplyReports:
    """Finds the reply that a report concerns: a prepared one, the one in the output slot, or one apart. Drops late
    reports."""

    def __init__(self, *, turns: Turns, output: OutputSlot, apart: AnswersApart) -> None:
        self._turns = turns
        self._output = output
        self._apart = apart
        self._chats_with_tools: deque[str] = deque(maxlen=_CHATS_REMEMBERED)

    def on_reply(self, report: ReplyReport, now: float) -> Iterator[Effect]:
        """Take in a report of the agent."""
        candidates = [*self._turns.prepared_replies(), self._output.reply()]
        reply = next((one for one in candidates if one is not None and one.asked_by(report.order)), None)
        if reply is None:
            if (apart := self._apart.asked_by(report.order)) is not None:
                yield from self._apart.on_reply(apart, report, now)
            return
        if isinstance(report, ReplyToolCalls):
            self._chats_with_tools.append(reply.chat_id)
        yield from reply.on_report(report, now)

    def on_speech(self, report: SpeechReport, now: float) -> None:
        """Take in a report of synthesis."""
        self._output.on_speech(report, now)
        self._apart.on_speech(report, now)
        for reply in self._turns.prepared_replies():
            reply.on_speech(report, now)

    def on_tool_outputs(self, submitted: SubmitOutputs, now: float) -> Iterator[Effect]:
        """Take in the outputs of the client's tools.

        Raises InvalidField if they match no chat, or not the calls of the chat that waits for them.
        """
        reply = self._output.reply()
        if reply is not None and reply.waits_for_tools and reply.chat_id == submitted.chat_id:
            yield from reply.on_tool_outputs(submitted, now)
        elif submitted.chat_id in self._chats_with_tools:
            # An error would end the call of a JS client whose answer has crossed with an interruption.
            log.info("ignored tool outputs for a chat that no longer waits for them")
        else:
            waiting = reply.chat_id if reply is not None and reply.waits_for_tools else "none: no chat waits for tools"
            raise InvalidField("data.chat_id", submitted.chat_id, waiting)
