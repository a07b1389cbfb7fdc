"""Sends work to engine processes: chooses an address, and tries again elsewhere.

Only what can do no harm is repeated, and once: work whose answer has not begun.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final, TypeVar

import httpx
import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.http_body import body_pieces, whole_body
from kouyu.engines.pressure import EnginesElsewhere
from kouyu.engines.remote import wire
from kouyu.engines.remote.addresses import Address
from kouyu.engines.remote.options import RemoteOptions
from kouyu.engines.remote.processes import MOST_BYTES, PROBE_S, AudioUnknown, EngineProcesses, NotDone
from kouyu.engines.remote.wire import Description, RemoteKind, SentAudio, SynthesisWork
from kouyu.engines.tts.engine import AudioPiece
from kouyu.engines.work import Priority

log = logging.getLogger(__name__)

T = TypeVar("T")


class RemoteClient:
    """Work of one kind for engine processes. Call ``open`` before anything else."""

    def __init__(self, kind: RemoteKind, options: RemoteOptions, elsewhere: EnginesElsewhere) -> None:
        """``elsewhere`` gets the load that answers report. Raises EngineUnavailable for a token that is not there."""
        self.kind: Final = kind
        self._options = options
        self._elsewhere = elsewhere
        self._processes = EngineProcesses(kind, options, elsewhere)

    @property
    def oldest_wait_s(self) -> float:
        """How long work has waited for a thread in the processes, as their last answers said."""
        return self._elsewhere.waits.oldest

    async def open(self) -> Description | None:
        """Wait until a process that serves this kind answers, and return what it serves.

        With ``fallback`` there is no wait, and None is returned if none answers. Raises EngineUnavailable.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (0.0 if self._options.fallback else self._options.start_s)
        serving = await self._processes.serving()
        while serving is None and loop.time() < deadline:
            await asyncio.sleep(PROBE_S)
            serving = await self._processes.serving()
        if serving is not None:
            return serving
        if not self._options.fallback:
            raise EngineUnavailable(
                f"engines.remote: no answer from {self._processes.where}; start a process with: kouyu engines"
            )
        log.warning(
            "no engine process (%s) answers at %s: the embedded engine works instead", self.kind, self._processes.where
        )
        self._processes.probe()
        return None

    async def close(self) -> None:
        """Close all connections."""
        await self._processes.close()

    async def ask_about(
        self, samples: NDArray[np.float32], work: Callable[[SentAudio], Any], priority: Priority, answer: type[T]
    ) -> T:
        """Have work on audio done, once more at another address if the first one did not do it.

        ``samples``: mono at SPEECH_RATE. ``work`` makes the body from what is sent of them; ``answer`` is the type of
        what comes back. Raises EngineError, NoEngineAnswers if no address did it.
        """
        answer_s = self._options.answer_s + len(samples) / SPEECH_RATE
        audio, encoding = wire.encoded_audio(samples)

        async def ask(address: Address, part: SentAudio) -> T:
            async with self._processes.posted(address, wire.encoded(work(part)), priority, answer_s) as response:
                return _decoded(await whole_body(response, MOST_BYTES), answer)

        async def attempt(address: Address) -> T:
            if address.takes_increments:
                part = address.increments.next_of(audio, encoding)
                try:
                    made = await ask(address, part)
                except AudioUnknown:
                    address.did_not_know()
                else:
                    address.increments.arrived(part, audio)
                    return made
            return await ask(address, SentAudio(samples=audio, encoding=encoding))

        return await self._here_or_elsewhere(attempt)

    async def spoken(self, work: SynthesisWork, priority: Priority) -> AsyncGenerator[AudioPiece, None]:
        """Have a text spoken; once more at another address if the first one gave no sound. Raises as ``ask_about``."""
        body = wire.encoded(work)

        async def attempt(address: Address) -> tuple[AudioPiece | None, AsyncGenerator[AudioPiece, None]]:
            pieces = self._pieces(address, body, priority)
            try:
                return await anext(pieces, None), pieces
            except BaseException:
                await pieces.aclose()
                raise

        first, pieces = await self._here_or_elsewhere(attempt)
        async with aclosing(pieces):
            if first is None:
                return
            yield first
            try:
                async for piece in pieces:
                    yield piece
            except NotDone as stopped:
                raise stopped.error from stopped

    async def _pieces(self, address: Address, body: bytes, priority: Priority) -> AsyncGenerator[AudioPiece, None]:
        async with self._processes.posted(address, body, priority, self._options.answer_s) as response:
            frames = wire.Frames()
            async for data in body_pieces(response):
                for piece in frames.fed(data):
                    yield piece
            if not frames.ended:
                raise httpx.RemoteProtocolError("the speech ends in the middle")
            if frames.failure is not None:
                raise EngineError(frames.failure.error, retryable=frames.failure.retryable)

    async def _here_or_elsewhere(self, attempt: Callable[[Address], Awaitable[T]]) -> T:
        first = self._processes.addresses.next_for(self.kind)
        if first is None:
            raise EngineError(f"no engine process serves the kind {self.kind}")
        try:
            return await attempt(first)
        except NotDone as failed:
            second = self._processes.addresses.next_for(self.kind, (first,)) or (first if failed.may_repeat else None)
            if second is None:
                raise failed.error from failed
        try:
            return await attempt(second)
        except NotDone as failed:
            raise failed.error from failed


def _decoded(body: bytes, answer: type[T]) -> T:
    try:
        return msgspec.msgpack.decode(body, type=answer)
    except msgspec.DecodeError as error:
        raise EngineError("the answer of an engine process is not understood") from error
