"""Speaks an answer while it is written."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, Final

from kouyu.agents.agent import AgentEvent, TextDelta, TextWithdrawn
from kouyu.audio_sessions.reading_aloud import Manner, spoken_file
from kouyu.audio_sessions.services import SynthesisServices
from kouyu.serving.growing_sentences import GrowingSentences

_AHEAD: Final = 200
"""Most events and pieces that wait for the client. Beyond that the model and the voice wait."""


class _End:
    """One of the two has ended."""


async def spoken_along(
    services: SynthesisServices, manner: Manner, answer: AsyncGenerator[AgentEvent, None]
) -> AsyncGenerator[AgentEvent | bytes, None]:
    """Yield the events of ``answer``, and between and behind them the pieces of the file in which it is spoken.

    Raises what ``answer`` raises, and EngineError.
    """
    sentences = GrowingSentences()
    waiting: asyncio.Queue[AgentEvent | bytes | Exception | _End] = asyncio.Queue(_AHEAD)

    async def write() -> None:
        async with aclosing(answer):
            async for event in answer:
                match event:
                    case TextDelta(text):
                        sentences.add(text)
                    case TextWithdrawn():
                        sentences.withdraw()
                await waiting.put(event)
        sentences.end()

    async def speak() -> None:
        async with aclosing(spoken_file(services, manner, sentences.read())) as pieces:
            async for piece in pieces:
                await waiting.put(piece)

    async def reporting(work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as fault:  # passed on to who reads
            await waiting.put(fault)
        else:
            await waiting.put(_End())

    tasks = [asyncio.create_task(reporting(work()), name="spoken answer") for work in (write, speak)]
    try:
        running = len(tasks)
        while running:
            match await waiting.get():
                case _End():
                    running -= 1
                case Exception() as fault:
                    raise fault
                case other:
                    yield other
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
