"""What the agent says in one chat: shown as it comes, and kept when it is whole or broken off."""

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
from kouyu.protocol.downlink import Usage
from kouyu.text.growing_text import GrowingText
from kouyu.text_chats.chat_output import ChatOutput
from kouyu.text_chats.spoken_answer import SpokenAnswer


class WrittenAnswer:
    """One answer, over several requests to the agent where the client's tools run in between."""

    def __init__(self, record: ChatRecord, out: ChatOutput) -> None:
        self._record = record
        self._out = out
        self._text = GrowingText()
        self._thoughts = GrowingText()
        self.usage = Usage()
        """Tokens spent so far."""
        self.is_whole = False
        self.spoken: SpokenAnswer | None = None
        """Speaks along, where that is wanted."""

    @property
    def has_begun(self) -> bool:
        """Whether the agent has said or thought anything."""
        return bool(self._text or self._thoughts)

    async def take(self, event: AgentEvent) -> None:
        """Show what the agent says. Raises StoreError, ClientGone."""
        match event:
            case TextDelta(text) if text:
                self._text.add(text)
                await self._out.carry_out(self._record.show_piece(text))
                if self.spoken is not None:
                    self.spoken.add(text)
            case TextWithdrawn(characters):
                self._text.withdraw(characters)
                if self.spoken is not None:
                    self.spoken.withdraw()
            case ThoughtDelta(text):
                self._thoughts.add(text)
                await self._out.carry_out(self._record.show_thought(text))
            case ToolsCalled(calls):
                await self._out.carry_out(self._record.add_calls(calls, time.time()))
            case ToolsRan(tools):
                await self._out.carry_out(self._record.add_outputs(tools.outputs, time.time()))
            case FollowUp(question):
                await self.finish()
                await self._out.carry_out(self._record.add_message("follow_up", question, time.time()))
            case TokenUsage(spent_in, spent_out):
                self.usage = _more(self.usage, spent_in, spent_out)

    async def finish(self) -> None:
        """The agent has said everything. Nothing happens the second time."""
        if not self.is_whole:
            self.is_whole = True
            now = time.time()
            await self._out.carry_out(self._record.finish_answer(str(self._text), now, str(self._thoughts)))
            await self._out.carry_out(self._record.finish_messages(now))

    def break_off(self) -> Iterable[Effect]:
        """What there is of an answer that will not become whole is kept."""
        if self.is_whole or not self._text:
            return ()
        return self._record.keep_answer(str(self._text), time.time(), str(self._thoughts))

    async def stop_speaking(self) -> None:
        """Speak no more."""
        if self.spoken is not None:
            await self.spoken.close()


def _more(used: Usage, spent_in: int, spent_out: int) -> Usage:
    return Usage(
        token_count=used.token_count + spent_in + spent_out,
        output_count=used.output_count + spent_out,
        input_count=used.input_count + spent_in,
    )
