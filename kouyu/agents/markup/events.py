"""The filter in front of agents that are no language model themselves, but may pass on what one wrote."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from kouyu.agents.agent import AgentEvent, TextDelta, ThoughtDelta
from kouyu.agents.markup.filter import MarkupFilter


async def without_markup(events: AsyncGenerator[AgentEvent, None]) -> AsyncGenerator[AgentEvent, None]:
    """The same answer, its thoughts as ThoughtDelta and without tool calls, special tokens and citations. Closing this
    closes ``events``."""
    markup = MarkupFilter()
    async with aclosing(events):
        async for event in events:
            if isinstance(event, TextDelta):
                text = markup.feed(event.text)
                if thoughts := markup.thoughts():
                    yield ThoughtDelta(thoughts)
                yield TextDelta(text)
                continue
            if text := markup.finish():
                yield TextDelta(text)
            markup = MarkupFilter()
            yield event
        if text := markup.finish():
            yield TextDelta(text)
