"""What comes to a test over a connection: remembered, and waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Generic, TypeVar

from kouyu.serving.background import in_background

PATIENCE_S: Final = 60.0

E = TypeVar("E")


class Arrivals(Generic[E]):
    """Everything that came is in ``events``, in order."""

    def __init__(self, type_of: Callable[[E], str]) -> None:
        self.events: list[E] = []
        self._type_of = type_of
        self._news = asyncio.Event()

    def add(self, event: E) -> None:
        """Take in what came."""
        self.events.append(event)
        self._news.set()

    @property
    def types(self) -> list[str]:
        return [self._type_of(event) for event in self.events]

    def of(self, *types: str) -> list[E]:
        """The events of these types."""
        return [event for event in self.events if self._type_of(event) in types]

    async def until(self, *types: str, count: int = 1) -> E:
        """Wait for the ``count``-th event of one of these types. Raises TimeoutError after PATIENCE_S."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := self.of(*types)) < count:
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    @asynccontextmanager
    async def listening(self, source: AsyncIterator[E]) -> AsyncIterator[None]:
        """Take in what comes from ``source`` while the block runs."""
        async with in_background(self._listen(source), "what arrives"):
            yield

    async def _listen(self, source: AsyncIterator[E]) -> None:
        async for event in source:
            self.add(event)
