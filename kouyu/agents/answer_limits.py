"""How long an answer may become, and in what portions it is dealt with."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Final

from kouyu.agents.agent import AgentEvent, AnswerCut, TextDelta, TextWithdrawn, ThoughtDelta, TokenUsage
from kouyu.agents.token_estimate import estimate_tokens

MOST_ANSWER: Final = 65_536
"""Characters of one answer: some two hours of speech."""
MOST_THOUGHTS: Final = 262_144
"""Characters that an agent may think before and in one answer."""
PORTION: Final = 512
"""Characters of text that are dealt with before others get their turn on the event loop: the filter for thoughts and
calls takes up to 17 µs for one."""


async def within_limits(events: AsyncGenerator[AgentEvent, None]) -> AsyncGenerator[AgentEvent, None]:
    """The same answer, as far as it is within the limits; then AnswerCut, and an estimate of the tokens spent. Closing
    this closes ``events``."""
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
    """The text in pieces of at most PORTION characters; an empty one is one piece."""
    yield text[:PORTION]
    for start in range(PORTION, len(text), PORTION):
        yield text[start : start + PORTION]
