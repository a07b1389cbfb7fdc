"""The sentences of an answer that is being written, for whoever speaks it meanwhile."""

import asyncio
from collections.abc import AsyncIterator

from kouyu.text.sentences import SentenceSplitter


class GrowingSentences:
    """Text goes in as it is written, sentences come out as soon as they are whole. It has one reader.

    The waiting text needs no bound: it is at most the answer, from which sentences are cut one by one.
    """

    def __init__(self) -> None:
        self._splitter = SentenceSplitter()
        self._written = asyncio.Event()
        self._is_whole = False

    def add(self, text: str) -> None:
        """Append the next characters of the answer."""
        self._splitter.write(text)
        self._written.set()

    def withdraw(self) -> None:
        """Drop the text that was added and has not been read yet."""
        self._splitter = SentenceSplitter()

    def end(self) -> None:
        """Mark the answer as complete."""
        self._splitter.end()
        self._is_whole = True
        self._written.set()

    async def read(self) -> AsyncIterator[str]:
        """Yield the sentences, to the end of the answer."""
        while True:
            while (sentence := self._splitter.next()) is not None:
                yield sentence
            if self._is_whole:
                return
            self._written.clear()
            await self._written.wait()
