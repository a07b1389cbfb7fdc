"""The processes of `kouyu engines` that a server uses for one kind of engine: requests to them, and who answers.

An address that failed rests until it answers again, which a task finds out (``PROBE_S``).
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final, NoReturn

import httpx
import msgspec

from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.http_body import refuse_compressed, whole_body
from kouyu.engines.pressure import EnginesElsewhere, ReportedWaits
from kouyu.engines.remote import wire
from kouyu.engines.remote.addresses import Address, Addresses
from kouyu.engines.remote.options import RemoteOptions, token_of
from kouyu.engines.remote.wire import Description, Failure, RemoteKind
from kouyu.engines.work import Priority

log = logging.getLogger(__name__)

PROBE_S: Final = 0.5
"""Time between two looks at addresses that do not answer."""
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of an answer that is not speech."""


class NoEngineAnswers(EngineError):
    """No address answered. ``is_full``: one did, and has too much to do."""

    def __init__(self, *, is_full: bool = False) -> None:
        super().__init__(
            "the remote engines are overloaded" if is_full else "the remote engines cannot be reached", retryable=True
        )
        self.is_full = is_full


class NotDone(Exception):
    """A process did not do the work, of which nothing has begun. ``error`` is what it means for the caller;
    ``may_repeat``: the same address is worth another try."""

    def __init__(self, error: EngineError, *, may_repeat: bool = False) -> None:
        super().__init__()
        self.error = error
        self.may_repeat = may_repeat


class AudioUnknown(Exception):
    """The process does not have the beginning of the audio."""


class EngineProcesses:
    """The addresses of the settings, for one kind of engine."""

    def __init__(self, kind: RemoteKind, options: RemoteOptions, elsewhere: EnginesElsewhere) -> None:
        """``elsewhere`` gets the load that answers report. Raises EngineUnavailable for a token that is not there."""
        self.kind: Final = kind
        self._options = options
        self._elsewhere = elsewhere
        self.addresses = Addresses(options, token_of(options))
        self._probing: asyncio.Task[None] | None = None

    async def look(self) -> dict[str, Description | EngineUnavailable | None]:
        """Ask each address what it serves. By address: the answer, why it is not used, or None if there is none."""
        found = await asyncio.gather(*(self._describe(each) for each in self.addresses.all), return_exceptions=True)
        looked: dict[str, Description | EngineUnavailable | None] = {}
        for address, answer in zip(self.addresses.all, found, strict=True):
            if isinstance(answer, BaseException) and not isinstance(answer, EngineUnavailable):
                raise answer
            looked[address.url] = answer
        return looked

    async def close(self) -> None:
        """Close all connections."""
        if self._probing is not None:
            self._probing.cancel()
            with suppress(asyncio.CancelledError):
                await self._probing
        await self.addresses.close()

    @asynccontextmanager
    async def posted(
        self, address: Address, body: bytes, priority: Priority, answer_s: float
    ) -> AsyncGenerator[httpx.Response, None]:
        """The answer to work at an address, which has a good status. Raises NotDone, AudioUnknown, EngineError.

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
            raise NotDone(NoEngineAnswers(), may_repeat=True) from error
        finally:
            address.in_flight -= 1

    async def _raise(self, address: Address, response: httpx.Response) -> NoReturn:
        match response.status_code:
            case HTTPStatus.CONFLICT:
                raise AudioUnknown
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                raise EngineError("the remote engines refuse the token")
            case HTTPStatus.SERVICE_UNAVAILABLE:
                self.addresses.failed(address)
                self.probe()
                is_full = await _failure(response) is not None  # else a balancer says that it has no process
                raise NotDone(NoEngineAnswers(is_full=is_full), may_repeat=not is_full)
        failure = await _failure(response)
        if failure is None:
            raise NotDone(NoEngineAnswers(), may_repeat=True)
        error = EngineError(failure.error, retryable=failure.retryable)
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise NotDone(error)
        raise error

    def _note_load(self, address: Address, response: httpx.Response) -> None:
        address.answered_by(response.headers.get(wire.PROCESS, ""))
        with suppress(ValueError, KeyError):
            waits = (float(response.headers[name]) / 1000 for name in (wire.OLDEST_WAIT, wire.OLDEST_URGENT_WAIT))
            self._elsewhere.report(address.process, ReportedWaits(*waits))

    def _answers(self, address: Address) -> None:
        if self.addresses.answered(address):
            log.info("the engine process at %s answers again (%s)", address.url, self.kind)

    def _failed(self, address: Address, error: Exception) -> None:
        if self.addresses.failed(address):
            # Neither holds a user's speech.
            log.warning("no answer from the engine process at %s: %s %s", address.url, type(error).__name__, error)
        self.probe()

    def probe(self) -> None:
        """See to it that the addresses that fail are looked at until they answer."""
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._look_at_failing(), name=f"remote-engines-{self.kind}")

    async def _look_at_failing(self) -> None:
        while failing := self.addresses.failing:
            await asyncio.sleep(PROBE_S)
            await asyncio.gather(*(self._describe(address) for address in failing))

    async def serving(self) -> Description | None:
        """What the first process serves that answers and has engines of this kind."""
        found = await asyncio.gather(*(self._describe(address) for address in self.addresses.all))
        answered = [each for each in found if each is not None]
        serving = [each for each in answered if self.kind in each.kinds]
        if answered and not serving:
            raise EngineUnavailable(f"engines.remote: no process at {self.where} serves the kind {self.kind}")
        return serving[0] if serving else None

    async def _describe(self, address: Address) -> Description | None:
        """Ask an address what it serves; None if it does not answer. Raises EngineUnavailable for a wrong token, and
        for a process of another release."""
        try:
            response = await address.client.get(wire.DESCRIPTION_PATH, timeout=self._options.connect_s)
        except httpx.HTTPError as error:
            self.addresses.failed(address)
            log.debug("no answer from %s: %s %s", address.url, type(error).__name__, error)
            return None
        if response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise EngineUnavailable(f"engines.remote: {address.url} refuses the token")
        try:
            description = msgspec.json.decode(response.content, type=Description) if response.is_success else None
        except msgspec.DecodeError:
            raise EngineUnavailable(f"engines.remote: {address.url} is not a process of: kouyu engines") from None
        if description is None:
            self.addresses.failed(address)
            return None
        if description.version != wire.VERSION:
            raise EngineUnavailable(f"engines.remote: {address.url} runs another release of kouyu")
        address.kinds = description.kinds
        address.answered_by(description.process)
        self._answers(address)
        return description

    @property
    def where(self) -> str:
        return ", ".join(self._options.urls)


async def _failure(response: httpx.Response) -> Failure | None:
    """Why there is no answer; None if the process did not say it itself, but a balancer in front of it."""
    body = await whole_body(response, MOST_BYTES)
    try:
        return msgspec.msgpack.decode(body, type=Failure)
    except msgspec.DecodeError:
        return None
