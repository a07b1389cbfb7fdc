"""Questions that the user could ask next, from the bot's own model once its answer is whole."""

import logging
import re
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any, Final

from kouyu.agents.agent import AgentError, TextDelta, TextWithdrawn, TokenUsage
from kouyu.agents.openai_client import OpenAIClient

log = logging.getLogger(__name__)

MOST_QUESTIONS: Final = 3
INSTRUCTION: Final = (
    "Now write three short questions that I could ask you next, in the language of our conversation."
    " Put each on a line of its own, and write nothing else."
)
"""For bots that have no instruction of their own."""

_LIST_MARK: Final = re.compile(r"^\s*(?:[-*•·]|\(?\d{1,2}[.)、:：])\s*")
_LONGEST: Final = 200


async def follow_up_questions(
    client: OpenAIClient, messages: Sequence[dict[str, Any]], answer: str, *, instruction: str, options: dict[str, Any]
) -> tuple[tuple[str, ...], TokenUsage]:
    """At most MOST_QUESTIONS, and the tokens they cost. A model that fails gives none: the answer has been given."""
    asked = [
        *messages,
        {"role": "assistant", "content": answer},
        {"role": "user", "content": instruction or INSTRUCTION},
    ]
    text, usage = "", TokenUsage(0, 0)
    try:
        async with aclosing(client.complete(asked, options=options)) as events:
            async for event in events:
                match event:
                    case TextDelta(piece):
                        text += piece
                    case TextWithdrawn(characters):
                        text = text[: len(text) - characters]
                    case TokenUsage():
                        usage = event
    except AgentError as error:
        log.warning("no questions to follow: %s", error)
    return questions_of(text), usage


def questions_of(text: str) -> tuple[str, ...]:
    """The questions in what a model wrote: its lines without the marks of a list."""
    lines = (_LIST_MARK.sub("", line).strip().strip('"“”') for line in text.splitlines())
    return tuple(line for line in lines if line and len(line) <= _LONGEST)[:MOST_QUESTIONS]
