"""Sends work to engine processes: chooses an address, tries again elsewhere, and notices which ones answer.

Only what can do no harm is repeated, and once: work whose answer has not begun. An address that failed rests until it
answers again, which a task finds out (``_PROBE_S``); a request that finds nothing else tries it all the same.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any, Final, NoReturn, TypeVar

import httpx
import msgspec

from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.http_body import body_pieces, refuse_compressed, whole_body
from kouyu.engines.pressure import EnginesElsewhere, ReportedWaits
from kouyu.engines.remote import wire
from kouyu.engines.remote.addresses import Address, Addresses
from kouyu.engines.remote.options import RemoteOptions, token_of
from kouyu.engines.remote.wire import Description, Failure, RemoteKind, SentAudio, SynthesisWork
from kouyu.engines.tts.engine import AudioPiece
from kouyu.engines.work import Priority

log = logging.getLogger(__name__)

T = TypeVar("T")

_PROBE_S: Final = 0.5
"""Time between two looks at addresses that do not answer."""
_MOST_BYTES: Final = 4 * 1024 * 1024
"""Of an answer that is not speech."""


class NoEngineAnswers(EngineError):
    """No address answered. ``is_full``: one did, and has too much to do."""

    def __init__(self, *, is_full: bool = False) -> None:
        super().__init__(
            "the remote engines are overloaded" if is_full else "the remote engines cannot be reached", retryable=True
        )
        self.is_full = is_full


class _NotDone(Exception):
    """A process did not do the work, of which nothing has begun. ``error`` is what it means for the caller;
    ``may_repeat``: the same address is worth another try."""

    def __init__(self, error: EngineError, *, may_repeat: bool = False) -> None:
        super().__init__()
        self.error = error
        self.may_repeat = may_repeat


class _AudioUnknown(Exception):
    """The process does not have the beginning of the audio."""


class RemoteClient:
    """Work of one kind for engine processes. Call ``open`` before anything else."""

    def __init__(self, kind: RemoteKind, options: RemoteOptions, elsewhere: EnginesElsewhere) -> None:
        """``elsewhere`` gets the load that answers report. Raises EngineUnavailable for a token that is not there."""
        self.kind: Final = kind
        self._options = options
        self._elsewhere = elsewhere
        self._addresses = Addresses(options, token_of(options))
        self._probing: asyncio.Task[None] | None = None

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
        serving = await self._serving()
        while serving is None and loop.time() < deadline:
            await asyncio.sleep(_PROBE_S)
            serving = await self._serving()
        if serving is not None:
            return serving
        if not self._options.fallback:
            raise EngineUnavailable(
                f"engines.remote: no answer from {self._where}; start a process with: kouyu engines"
            )
        log.warning("no engine process (%s) answers at %s: the embedded engine works instead", self.kind, self._where)
        self._probe()
        return None

    async def close(self) -> None:
        """Close all connections."""
        if self._probing is not None:
            self._probing.cancel()
            with suppress(asyncio.CancelledError):
                await self._probing
        await self._addresses.close()

    async def ask_about(self, audio: bytes, work: Callable[[SentAudio], Any], priority: Priority, answer: type[T]) -> T:
        """Have work on ``audio`` done, once more at another address if the first one did not do it.

        ``work`` makes the body from what is sent of the audio; ``answer`` is the type of what comes back. Raises
        EngineError, NoEngineAnswers if no address did it.
        """
        answer_s = self._options.answer_s + len(audio) / wire.BYTES_PER_SECOND

        async def ask(address: Address, part: SentAudio) -> T:
            async with self._posted(address, wire.encoded(work(part)), priority, answer_s) as response:
                return _decoded(await whole_body(response, _MOST_BYTES), answer)

        async def attempt(address: Address) -> T:
            if address.takes_increments:
                part = address.increments.next_of(audio)
                try:
                    made = await ask(address, part)
                except _AudioUnknown:
                    address.did_not_know()
                else:
                    address.increments.arrived(part, audio)
                    return made
            return await ask(address, SentAudio(samples=audio))

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
            except _NotDone as stopped:
                raise stopped.error from stopped

    async def _pieces(self, address: Address, body: bytes, priority: Priority) -> AsyncGenerator[AudioPiece, None]:
        async with self._posted(address, body, priority, self._options.answer_s) as response:
            frames = wire.Frames()
            async for data in body_pieces(response):
                for piece in frames.fed(data):
                    yield piece
            if not frames.ended:
                raise httpx.RemoteProtocolError("the speech ends in the middle")
            if frames.failure is not None:
                raise EngineError(frames.failure.error, retryable=frames.failure.retryable)

    async def _here_or_elsewhere(self, attempt: Callable[[Address], Awaitable[T]]) -> T:
        first = self._addresses.next_for(self.kind)
        if first is None:
            raise EngineError(f"no engine process serves the kind {self.kind}")
        try:
            return await attempt(first)
        except _NotDone as failed:
            second = self._addresses.next_for(self.kind, (first,)) or (first if failed.may_repeat else None)
            if second is None:
                raise failed.error from failed
        try:
            return await attempt(second)
        except _NotDone as failed:
            raise failed.error from failed

    @asynccontextmanager
    async def _posted(
        self, address: Address, body: bytes, priority: Priority, answer_s: float
    ) -> AsyncGenerator[httpx.Response, None]:
        """The answer to work at an address, which has a good status. Raises _NotDone, _AudioUnknown, EngineError.

        Leaving the block before the answer has ended hangs up, which cancels the work.
        """
        address.in_flight += 1
        try:
            async with address.client.stream(
                "POST",
                wire.PATHS[self.kind],
                content=body,
                headers={wire.PRIORITY: wire.priority_name(priority)},
                timeout=httpx.Timeout(answer_s, connect=self._options.connect_s),
            ) as response:
                self._note_load(address, response)
                refuse_compressed(response)
                if response.status_code != HTTPStatus.OK:
                    await self._raise(address, response)
                self._answers(address)
                yield response
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:  # another try would take as long
            self._failed(address, error)
            raise NoEngineAnswers from error
        except httpx.HTTPError as error:
            self._failed(address, error)
            raise _NotDone(NoEngineAnswers(), may_repeat=True) from error
        finally:
            address.in_flight -= 1

    async def _raise(self, address: Address, response: httpx.Response) -> NoReturn:
        match response.status_code:
            case HTTPStatus.CONFLICT:
                raise _AudioUnknown
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                raise EngineError("the remote engines refuse the token")
            case HTTPStatus.SERVICE_UNAVAILABLE:
                self._addresses.failed(address)
                self._probe()
                raise _NotDone(NoEngineAnswers(is_full=True))
            case HTTPStatus.BAD_GATEWAY | HTTPStatus.GATEWAY_TIMEOUT:  # of a balancer
                raise _NotDone(NoEngineAnswers(), may_repeat=True)
        failure = await _failure(response)
        error = EngineError(failure.error, retryable=failure.retryable)
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise _NotDone(error)
        raise error

    def _note_load(self, address: Address, response: httpx.Response) -> None:
        address.answered_by(response.headers.get(wire.PROCESS, ""))
        with suppress(ValueError, KeyError):
            waits = (float(response.headers[name]) / 1000 for name in (wire.OLDEST_WAIT, wire.OLDEST_URGENT_WAIT))
            self._elsewhere.report(address.process, ReportedWaits(*waits))

    def _answers(self, address: Address) -> None:
        if self._addresses.answered(address):
            log.info("the engine process at %s answers again (%s)", address.url, self.kind)

    def _failed(self, address: Address, error: Exception) -> None:
        if self._addresses.failed(address):
            # Neither holds a user's speech.
            log.warning("no answer from the engine process at %s: %s %s", address.url, type(error).__name__, error)
        self._probe()

    def _probe(self) -> None:
        """See to it that the addresses that fail are looked at until they answer."""
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._look_at_failing(), name=f"remote-engines-{self.kind}")

    async def _look_at_failing(self) -> None:
        while failing := self._addresses.failing:
            await asyncio.sleep(_PROBE_S)
            await asyncio.gather(*(self._describe(address) for address in failing))

    async def _serving(self) -> Description | None:
        """What the first process serves that answers and has engines of this kind."""
        found = await asyncio.gather(*(self._describe(address) for address in self._addresses.all))
        answered = [each for each in found if each is not None]
        serving = [each for each in answered if self.kind in each.kinds]
        if answered and not serving:
            raise EngineUnavailable(f"engines.remote: no process at {self._where} serves the kind {self.kind}")
        return serving[0] if serving else None

    async def _describe(self, address: Address) -> Description | None:
        """Ask an address what it serves; None if it does not answer. Raises EngineUnavailable for a wrong token, and
        for a process of another release."""
        try:
            response = await address.client.get(wire.DESCRIPTION_PATH, timeout=self._options.connect_s)
        except httpx.HTTPError as error:
            self._addresses.failed(address)
            log.debug("no answer from %s: %s %s", address.url, type(error).__name__, error)
            return None
        if response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise EngineUnavailable(f"engines.remote: {address.url} refuses the token")
        try:
            description = msgspec.json.decode(response.content, type=Description) if response.is_success else None
        except msgspec.DecodeError:
            raise EngineUnavailable(f"engines.remote: {address.url} is not a process of: kouyu engines") from None
        if description is None:
            self._addresses.failed(address)
            return None
        if description.version != wire.VERSION:
            raise EngineUnavailable(f"engines.remote: {address.url} runs another release of kouyu")
        address.kinds = description.kinds
        address.answered_by(description.process)
        self._answers(address)
        return description

    @property
    def _where(self) -> str:
        return ", ".join(self._options.urls)


def _decoded(body: bytes, answer: type[T]) -> T:
    try:
        return msgspec.msgpack.decode(body, type=answer)
    except msgspec.DecodeError as error:
        raise EngineError("the answer of an engine process is not understood") from error


async def _failure(response: httpx.Response) -> Failure:
    body = await whole_body(response, _MOST_BYTES)
    try:
        return msgspec.msgpack.decode(body, type=Failure)
    except msgspec.DecodeError:
        return Failure(f"an engine process answered {response.status_code}", retryable=response.is_server_error)
