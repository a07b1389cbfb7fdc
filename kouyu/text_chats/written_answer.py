"""The agent's answer in one chat: sent as it is generated, saved when complete or interrupted."""

import time
from collections.abc import Iterable

from kouyu.agents.agent import (
    AgentEvent,
    FollowUp,
    TextDelta,
    TextWithdrawn,
    ThoughtDelta,
    TokenUsage,
    ToolsCalled,
    ToolsRan,
)
from kouyu.conversation.chat_record import ChatRecord
from kouyu.conversation.effects import Effect
from kouyu.domain.chats import Usage
from kouyu.text.growing_text import GrowingText
from kouyu.text_chats.chat_output import ChatOutput
from kouyu.text_chats.spoken_answer import SpokenAnswer


class WrittenAnswer:
    """One answer, over several requests to the agent if the client's tools run in between."""

    def __init__(self, record: ChatRecord, out: ChatOutput) -> None:
        self._record = record
        self._messages = record.messages
        self._out = out
        self._text = GrowingText()
        self._thoughts = GrowingText()
        self.usage = Usage()
        """Tokens spent so far."""
        self.is_whole = False
        self.spoken: SpokenAnswer | None = None
        """Speaks the answer, if wanted."""

    @property
    def has_begun(self) -> bool:
        """Whether the agent has produced any text or reasoning."""
        return bool(self._text or self._thoughts)

    async def take(self, event: AgentEvent) -> None:
        """Output an event of the agent. Raises StoreError, ClientGone."""
        match event:
            case TextDelta(text) if text:
                self._text.add(text)
                await self._out.carry_out(self._messages.show_piece(text))
                if self.spoken is not None:
                    self.spoken.add(text)
            case TextWithdrawn(characters):
                self._text.withdraw(characters)
                if self.spoken is not None:
                    self.spoken.withdraw()
            case ThoughtDelta(text):
                self._thoughts.add(text)
                await self._out.carry_out(self._messages.show_thought(text))
            case ToolsCalled(calls):
                await self._out.carry_out(self._messages.add_calls(calls, time.time()))
            case ToolsRan(tools):
                await self._out.carry_out(self._messages.add_outputs(tools.outputs, time.time()))
            case FollowUp(question):
                await self.finish()
                await self._out.carry_out(self._messages.add_message("follow_up", question, time.time()))
            case TokenUsage(spent_in, spent_out):
                self.usage = _more(self.usage, spent_in, spent_out)

    async def finish(self) -> None:
        """Complete the answer. A second call does nothing."""
        if not self.is_whole:
            self.is_whole = True
            now = time.time()
            await self._out.carry_out(self._messages.finish_answer(str(self._text), now, str(self._thoughts)))
            await self._out.carry_out(self._record.finish_messages(now))

    def break_off(self) -> Iterable[Effect]:
        """Save the part of an answer that will not be completed."""
        if self.is_whole or not self._text:
            return ()
        return self._messages.keep_answer(str(self._text), time.time(), str(self._thoughts))

    async def stop_speaking(self) -> None:
        """Stop speaking."""
        if self.spoken is not None:
            await self.spoken.close()


def _more(used: Usage, spent_in: int, spent_out: int) -> Usage:
    return Usage(
        token_count=used.token_count + spent_in + spent_out,
        output_count=used.output_count + spent_out,
        input_count=used.input_count + spent_in,
    )
