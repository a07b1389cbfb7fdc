"""Applies the markup filter to agents that are not language models but may pass a model's text on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from kouyu.agents.agent import AgentEvent, TextDelta, ThoughtDelta
from kouyu.agents.answer_limits import portions
from kouyu.agents.markup.filter import MarkupFilter


async def without_markup(events: AsyncGenerator[AgentEvent, None]) -> AsyncGenerator[AgentEvent, None]:
    """Filter the answer: thoughts become ThoughtDelta; tool calls, special tokens and citations are dropped. Closing
    this closes ``events``."""
    markup = MarkupFilter()
    async with aclosing(events):
        async for event in events:
            if isinstance(event, TextDelta):
                for portion in portions(event.text):
                    text = markup.feed(portion)
                    if thoughts := markup.thoughts():
                        yield ThoughtDelta(thoughts)
                    yield TextDelta(text)
                    if len(event.text) > len(portion):
                        await asyncio.sleep(0)
                continue
            if text := markup.finish():
                yield TextDelta(text)
            markup = MarkupFilter()
            yield event
        if text := markup.finish():
            yield TextDelta(text)
