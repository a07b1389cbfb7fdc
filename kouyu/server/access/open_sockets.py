"""Tracks open WebSockets by token and closes them when their token permits them no longer."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

import msgspec

from kouyu.domain import errors
from kouyu.server.access.client_socket import ClientSocket, say_error_and_close
from kouyu.server.access.limits import Refusal, TokenLimiter
from kouyu.store.errors import StoreError
from kouyu.store.token_records import Permission, TokenRecord
from kouyu.store.tokens import Tokens

CHECKED_EVERY_S: Final = 0.5
"""How often the tokens of open sockets are looked up, in seconds."""
_GONE: Final = Refusal(errors.UNAUTHORIZED, "the access token was revoked or has expired")
_FORBIDDEN: Final = Refusal(errors.FORBIDDEN, "the access token no longer permits this")


class _Open(msgspec.Struct, frozen=True):
    token: TokenRecord
    log_id: str
    needed: tuple[Permission, ...]


class OpenSockets:
    """The open sockets, each with the token that opened it."""

    def __init__(self) -> None:
        self._open: dict[ClientSocket, _Open] = {}

    @contextlib.contextmanager
    def holding(
        self, socket: ClientSocket, token: TokenRecord, log_id: str, needed: tuple[Permission, ...]
    ) -> Iterator[None]:
        """Register ``socket`` as open while the block runs; its token must keep one of ``needed``."""
        self._open[socket] = _Open(token, log_id, needed)
        try:
            yield
        finally:
            del self._open[socket]

    async def close_refused(self, tokens: Tokens, limiter: TokenLimiter, now: float) -> None:
        """Save the audio that was counted, and close the sockets whose token has been deleted, has expired at the Unix
        time ``now`` (see ``closes_connections``), has lost the permission, or has no audio left for today.

        Their clients get an ``error`` event with the code of the reason and the close code 1008, as at the handshake
        (websocket.md 1.7). Raises StoreError.
        """
        ids = {each.token.id for each in self._open.values()} | limiter.with_audio()
        if not ids:
            return
        good = {token.id: token for token in await tokens.those(ids) if not token.closes_connections(now)}
        used_up: dict[str, Refusal] = {}
        for token in good.values():
            if refusal := await limiter.count_audio(token):
                used_up[token.id] = refusal
        for gone in ids - good.keys():
            limiter.forget(gone)
        closing = [
            say_error_and_close(socket, refusal.code, refusal.msg, each.log_id)
            for socket, each in self._open.items()
            if (refusal := _refusal(each, good.get(each.token.id), used_up)) is not None
        ]
        await asyncio.gather(*closing)


def _refusal(opened: _Open, token: TokenRecord | None, used_up: dict[str, Refusal]) -> Refusal | None:
    if token is None:
        return _GONE
    if not token.permits(opened.needed):
        return _FORBIDDEN
    return used_up.get(token.id) if "voice" in opened.needed else None


@contextlib.asynccontextmanager
async def tokens_enforced(
    sockets: OpenSockets, tokens: Tokens, limiter: TokenLimiter, clock: Callable[[], float] = time.time
) -> AsyncIterator[None]:
    """While the block runs, close sockets that their tokens permit no longer, also where another process changed a
    token. The audio counted is saved at the end too."""

    async def enforce() -> None:
        while True:
            await asyncio.sleep(CHECKED_EVERY_S)
            await enforce_once()

    async def enforce_once() -> None:
        # The database cannot be read: tokens stay valid until it can.
        with contextlib.suppress(StoreError):
            await sockets.close_refused(tokens, limiter, clock())

    task = asyncio.create_task(enforce(), name="tokens")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await enforce_once()
