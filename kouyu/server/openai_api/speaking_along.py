"""Speaks an answer while it is written."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing
from typing import Any, Final

from kouyu.agents.agent import AgentEvent, TextDelta, TextWithdrawn
from kouyu.audio_sessions.reading_aloud import Manner, spoken_file
from kouyu.audio_sessions.services import SynthesisServices
from kouyu.text.sentences import SentenceSplitter

_AHEAD: Final = 200
"""Most events and pieces that wait for the client. Beyond that the model and the voice wait."""


class _End:
    """One of the two has ended."""


class _Script:
    """The sentences of an answer that is being written."""

    def __init__(self) -> None:
        self._splitter = SentenceSplitter()
        self._written = asyncio.Event()
        self._is_whole = False

    def take(self, event: AgentEvent) -> None:
        match event:
            case TextDelta(text):
                self._splitter.write(text)
                self._written.set()
            case TextWithdrawn():
                self._splitter = SentenceSplitter()

    def end(self) -> None:
        self._splitter.end()
        self._is_whole = True
        self._written.set()

    async def sentences(self) -> AsyncIterator[str]:
        while True:
            while (sentence := self._splitter.next()) is not None:
                yield sentence
            if self._is_whole:
                return
            self._written.clear()
            await self._written.wait()


async def spoken_along(
    services: SynthesisServices, manner: Manner, answer: AsyncGenerator[AgentEvent, None]
) -> AsyncGenerator[AgentEvent | bytes, None]:
    """Yield the events of ``answer``, and between and behind them the pieces of the file in which it is spoken.

    Raises what ``answer`` raises, and EngineError.
    """
    script = _Script()
    waiting: asyncio.Queue[AgentEvent | bytes | Exception | _End] = asyncio.Queue(_AHEAD)

    async def write() -> None:
        async with aclosing(answer):
            async for event in answer:
                script.take(event)
                await waiting.put(event)
        script.end()

    async def speak() -> None:
        async with aclosing(spoken_file(services, manner, script.sentences())) as pieces:
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
