"""Speculative generation of an answer's first tokens from the last interim transcript.

When the user pauses or releases the button, the last interim transcript is often the whole question already. So a model
that costs nothing but its time drafts the beginning of an answer while the final transcript is made. If that is the
same, the answer continues the draft; otherwise the draft is dropped, and the model has at least prefilled its KV cache
with the question.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final

import msgspec

from kouyu.agents.agent import AgentEvent, TextDelta, TextWithdrawn, TokenUsage
from kouyu.agents.openai_client import OpenAIClient

DRAFT_TOKENS: Final = 12
"""Most tokens of a draft, about a first clause. More would slow the recognition of ongoing speech."""

MOST_DRAFTS: Final = 8
"""Most drafts kept, over all conversations; the oldest is dropped first."""


class Drafts:
    """Asks a model as OpenAIClient does, and uses a draft where one was made for the same request."""

    def __init__(self, client: OpenAIClient) -> None:
        self.client = client
        self._drafts: dict[bytes, _Draft] = {}

    async def complete(
        self, messages: Sequence[dict[str, Any]], *, tools: Sequence[dict[str, Any]], options: dict[str, Any]
    ) -> AsyncGenerator[AgentEvent, None]:
        """As ``OpenAIClient.complete``, after the draft if there is one: it may be unfinished, and is used once."""
        draft = self._drafts.pop(_key(messages, tools, options), None)
        drafted = 0
        if draft is not None:
            async for event in draft.read():
                yield event
            if draft.is_whole:
                return
            drafted = draft.tokens
            messages = [*messages, {"role": "assistant", "content": draft.text}] if draft.text else messages
            if (most := options.get("max_tokens")) is not None:
                options = {**options, "max_tokens": max(1, most - drafted)}
        async with aclosing(self.client.complete(messages, tools=tools, options=options)) as events:
            async for event in events:
                yield _with_draft(event, drafted) if isinstance(event, TokenUsage) else event

    async def write(
        self, messages: Sequence[dict[str, Any]], *, tools: Sequence[dict[str, Any]], options: dict[str, Any]
    ) -> None:
        """Draft the beginning of an answer to ``messages``. Raises AgentError.

        When cancelled, it keeps the draft so far.
        """
        draft = _Draft()
        self._drafts[_key(messages, tools, options)] = draft
        for oldest in list(self._drafts)[:-MOST_DRAFTS]:
            del self._drafts[oldest]
        most = min(DRAFT_TOKENS, options.get("max_tokens", DRAFT_TOKENS))
        options = {**options, "max_tokens": most, **self.client.ahead_body}
        await draft.write(self.client.complete(messages, tools=tools, options=options))


class _Draft:
    """A draft that one task writes while one reply may read it."""

    def __init__(self) -> None:
        self._events: list[AgentEvent] = []
        self._ended = False
        self._changed = asyncio.Event()

    @property
    def text(self) -> str:
        text = ""
        for event in self._events:
            match event:
                case TextDelta(more):
                    text += more
                case TextWithdrawn(characters):
                    text = text[: len(text) - characters]
        return text

    @property
    def tokens(self) -> int:
        return sum(isinstance(event, TextDelta) for event in self._events)

    @property
    def is_whole(self) -> bool:
        """Whether the draft is the model's complete answer."""
        last = self._events[-1] if self._events else None
        return isinstance(last, TokenUsage) and last.output_tokens < DRAFT_TOKENS

    async def write(self, events: AsyncGenerator[AgentEvent, None]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    self._events.append(event)
                    self._changed.set()
        finally:
            self._ended = True
            self._changed.set()

    async def read(self) -> AsyncGenerator[AgentEvent, None]:
        """Yield the text as it is written, and the other events too if the draft is the complete answer."""
        read = 0
        while True:
            self._changed.clear()
            ended = self._ended
            for event in self._events[read:]:
                if isinstance(event, TextDelta | TextWithdrawn):
                    yield event
            read = len(self._events)
            if ended:
                break
            await self._changed.wait()
        for event in self._events if self.is_whole else ():
            if not isinstance(event, TextDelta | TextWithdrawn):
                yield event


def _key(messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], options: dict[str, Any]) -> bytes:
    return msgspec.json.encode((messages, tools, options))


def _with_draft(usage: TokenUsage, drafted: int) -> TokenUsage:
    """Count the draft's tokens as output: they were part of the prompt, but are part of the answer."""
    return TokenUsage(max(0, usage.input_tokens - drafted), usage.output_tokens + drafted)
