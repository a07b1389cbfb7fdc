"""Tracks open WebSockets by token and closes them when their token is revoked or expires."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

import msgspec

from kouyu.protocol import errors
from kouyu.server.access.client_socket import ClientSocket, say_error_and_close
from kouyu.store.errors import StoreError
from kouyu.store.tokens import TokenRecord, Tokens

CHECKED_EVERY_S: Final = 0.5
"""How often the tokens of open sockets are looked up, in seconds."""
_GONE: Final = "the access token was revoked or has expired"


class _Open(msgspec.Struct, frozen=True):
    token: TokenRecord
    log_id: str


class OpenSockets:
    """The open sockets, each with the token that opened it."""

    def __init__(self) -> None:
        self._open: dict[ClientSocket, _Open] = {}

    @contextlib.contextmanager
    def holding(self, socket: ClientSocket, token: TokenRecord, log_id: str) -> Iterator[None]:
        """Register ``socket`` as open while the block runs."""
        self._open[socket] = _Open(token, log_id)
        try:
            yield
        finally:
            del self._open[socket]

    async def close_revoked(self, tokens: Tokens, now: float) -> None:
        """Close the sockets whose token has been deleted, or has expired at the Unix time ``now``.

        Their clients get an ``error`` event with code 4100 and the close code 1008, as at the handshake (websocket.md
        1.7). Raises StoreError.
        """
        held = {each.token.id for each in self._open.values()}
        if not held:
            return
        good = {token.id for token in await tokens.those(held) if not token.expired(now)}
        closing = [
            say_error_and_close(socket, errors.UNAUTHORIZED, _GONE, each.log_id)
            for socket, each in self._open.items()
            if each.token.id in held - good
        ]
        await asyncio.gather(*closing)


@contextlib.asynccontextmanager
async def revocations_enforced(
    sockets: OpenSockets, tokens: Tokens, clock: Callable[[], float] = time.time
) -> AsyncIterator[None]:
    """Close sockets of revoked and expired tokens while the block runs, also of tokens that another process revoked."""

    async def enforce() -> None:
        while True:
            await asyncio.sleep(CHECKED_EVERY_S)
            # The database cannot be read: tokens stay valid until it can.
            with contextlib.suppress(StoreError):
                await sockets.close_revoked(tokens, clock())

    task = asyncio.create_task(enforce(), name="revocations")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
