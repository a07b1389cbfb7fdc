"""Limits the length of an answer, and splits long text into portions so that the event loop is not blocked."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Final

from kouyu.agents.agent import AgentEvent, AnswerCut, TextDelta, TextWithdrawn, ThoughtDelta, TokenUsage
from kouyu.agents.token_estimate import estimate_tokens

MOST_ANSWER: Final = 65_536
"""Most characters of one answer: about two hours of speech."""
MOST_THOUGHTS: Final = 262_144
"""Most characters of reasoning before and in one answer."""
PORTION: Final = 512
"""Characters processed before other tasks run on the event loop: the markup filter takes up to 17 µs per character."""


async def within_limits(events: AsyncGenerator[AgentEvent, None]) -> AsyncGenerator[AgentEvent, None]:
    """Pass the answer on up to the limits; then yield AnswerCut and an estimate of the tokens used. Closing this
    closes ``events``."""
    said = thought = tokens = 0
    async with aclosing(events):
        async for event in events:
            match event:
                case TextDelta(text):
                    room, limit, size = MOST_ANSWER - said, f"an answer has at most {MOST_ANSWER} characters", len(text)
                    said += size
                case ThoughtDelta(text):
                    room, limit = MOST_THOUGHTS - thought, f"an agent thinks at most {MOST_THOUGHTS} characters"
                    size = len(text)
                    thought += size
                case TextWithdrawn(characters):
                    said -= characters
                    yield event
                    continue
                case _:
                    yield event
                    continue
            tokens += estimate_tokens(text[:room])
            if size <= room:
                yield event
                continue
            yield type(event)(text[:room])
            yield AnswerCut(f"the answer was cut off: {limit}")
            yield TokenUsage(0, tokens)
            return


def portions(text: str) -> Iterator[str]:
    """Split the text into pieces of at most PORTION characters; an empty text is one piece."""
    yield text[:PORTION]
    for start in range(PORTION, len(text), PORTION):
        yield text[start : start + PORTION]
