"""The other servers on the same database, and what this one asks of them over HTTP.

A request about a chat that another server runs is passed on to that server, with the client's own access token, and its
answer comes back as it is, streams too. So a client sees the same through every server. The database knows the address
of each server with a lease (``kouyu/store/servers.py``).
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.response import Stream
from litestar.types import Scope

from kouyu.domain.errors import INTERNAL, TOO_MANY_SESSIONS, TryLater
from kouyu.store.servers import ServerLease, ServerRecord

log = logging.getLogger(__name__)

PASSED_ON: Final = "X-Kouyu-Passed-On"
"""Names the run of the server that a request is passed on to: it answers the request itself. Clients do not know it."""
_PASSED_ON: Final = PASSED_ON.lower().encode()
_FIELDS: Final = ("authorization", "content-type", "user-agent")
"""The request's headers that are passed on."""
_ANSWER_FIELDS: Final = ("retry-after", "cache-control")
_CONNECT_S: Final = 2.0
_SILENCE_S: Final = 120.0
"""A server that sends nothing for so long in the middle of an answer is gone: longer than any pause of an agent."""
_TOLD_S: Final = 3.0
"""How long a server may take to tell what it does."""
_TRY_AGAIN_S: Final = 5

Connection = ASGIConnection[Any, Any, Any, Any]


class Told(msgspec.Struct, frozen=True):
    """What another server answered; ``data`` is None if it did not, or not with success."""

    server: ServerRecord
    data: Any


class Peers:
    """The other servers. With no lease, or on SQLite, there are none."""

    def __init__(self, lease: ServerLease | None = None, http: httpx.AsyncClient | None = None) -> None:
        self._lease = lease
        self._http = http

    @classmethod
    @asynccontextmanager
    async def of(cls, lease: ServerLease | None) -> AsyncIterator["Peers"]:
        """The other servers of the one with this lease, until the block ends."""
        timeout = httpx.Timeout(_SILENCE_S, connect=_CONNECT_S)
        async with httpx.AsyncClient(
            timeout=timeout, trust_env=False, limits=httpx.Limits(max_connections=None)
        ) as http:
            yield cls(lease, http)

    @property
    def own_address(self) -> str:
        """The address of this server, "" if it has told none."""
        return self._lease.address if self._lease is not None else ""

    @property
    def has_servers(self) -> bool:
        """Whether there may be other servers, and not only other processes of this one."""
        return self._lease is not None and self._lease.is_shared

    def passed_on(self, scope: Scope) -> bool:
        """Whether another server, or another process of this one, has passed this request on to this one. That one has
        counted it, and asks for what is known here alone."""
        run = next((value for name, value in scope["headers"] if name == _PASSED_ON), None)
        return run is not None and self._lease is not None and run.decode("latin-1") == self._lease.run

    async def others(self, connection: Connection) -> tuple[ServerRecord, ...]:
        """The servers to ask for what a client asks this one for; none if the request was passed on to this one.

        Raises TryLater if it was passed on to another one, StoreError.
        """
        if self._lease is None or self._http is None or self._answers_alone(connection, self._lease):
            return ()
        return tuple(server for server in await self._lease.others() if server.address)

    async def holder(self, connection: Connection, made: str) -> ServerRecord | None:
        """The other server that made this id, such as a chat's, to pass the request on to; None: it is answered here.

        Raises what ``others`` raises.
        """
        if self._lease is None or self._http is None or self._answers_alone(connection, self._lease):
            return None
        return await self._lease.other_that_made(made)

    async def pass_on(self, request: Request[Any, Any, Any], server: ServerRecord) -> Response[bytes] | Stream:
        """Pass a request on, and answer with what comes back. Raises TryLater if the server does not answer."""
        response = await self._send(request, server)
        kept = {name: response.headers[name] for name in _ANSWER_FIELDS if name in response.headers}
        media_type = response.headers.get("content-type", "application/json")
        if media_type.startswith("text/event-stream"):
            return Stream(
                _relayed(response, server), status_code=response.status_code, media_type=media_type, headers=kept
            )
        try:
            content = await response.aread()
        except httpx.HTTPError as fault:
            raise await self._unreached(server, fault) from fault
        finally:
            await response.aclose()
        return Response(content, status_code=response.status_code, media_type=media_type, headers=kept)

    async def told(self, request: Request[Any, Any, Any], path: str) -> list[Told]:
        """What each of the other servers answers this client on GET of a path. Raises what ``others`` raises."""
        servers = await self.others(request)
        return list(await asyncio.gather(*(self._told(request, server, path) for server in servers)))

    async def _told(self, request: Request[Any, Any, Any], server: ServerRecord, path: str) -> Told:
        assert self._http is not None
        try:
            response = await self._http.get(
                f"{server.address}{path}", headers=fields_for(request, server), timeout=_TOLD_S
            )
            answer = response.json() if response.is_success else {}
            return Told(server, answer.get("data"))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as fault:
            log.warning("server %d at %r did not answer: %r", server.number, server.address, fault)
            return Told(server, None)

    async def _send(self, request: Request[Any, Any, Any], server: ServerRecord) -> httpx.Response:
        assert self._http is not None
        query = request.scope["query_string"].decode("latin-1")
        url = f"{server.address}{request.url.path}{'?' if query else ''}{query}"
        try:
            passed = self._http.build_request(
                request.method, url, headers=fields_for(request, server), content=await request.body()
            )
            return await self._http.send(passed, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise await self._unreached(server, fault) from fault

    async def _unreached(self, server: ServerRecord, fault: Exception) -> TryLater:
        """What the client is told; if the server has died, its chats have failed by then. Raises StoreError."""
        assert self._lease is not None
        log.warning("server %d at %r did not answer: %r", server.number, server.address, fault)
        await self._lease.forget_dead()
        if server.run not in {other.run for other in await self._lease.others()}:
            return TryLater(TOO_MANY_SESSIONS, "the server that ran this chat has died; the chat has failed", 1)
        msg = "the server that runs this chat does not answer; if it is gone, the chat counts as failed within 20 s"
        return TryLater(TOO_MANY_SESSIONS, msg, _TRY_AGAIN_S)

    def _answers_alone(self, connection: Connection, lease: ServerLease) -> bool:
        """Whether the request was passed on to this server. Raises TryLater if it was meant for another one."""
        run = connection.headers.get(PASSED_ON)
        if run is not None and run != lease.run:
            raise TryLater(TOO_MANY_SESSIONS, "another server had this address before", _TRY_AGAIN_S)
        return run is not None


def fields_for(connection: Connection, server: ServerRecord) -> dict[str, str]:
    """The headers with which to ask another server for what a client asked this one for."""
    kept = {name: value for name in _FIELDS if (value := connection.headers.get(name)) is not None}
    return {**kept, "accept-encoding": "identity", PASSED_ON: server.run}


async def _relayed(response: httpx.Response, server: ServerRecord) -> AsyncGenerator[bytes, None]:
    """A stream of events as it comes. One that breaks off ends with an error event."""
    end = b"\n\n"
    try:
        async for piece in response.aiter_raw():
            end = (end + piece)[-2:]
            yield piece
    except httpx.HTTPError as fault:
        log.warning("server %d at %r ended a stream of events early: %r", server.number, server.address, fault)
        if end == b"\n\n":
            data = msgspec.json.encode({"code": INTERNAL, "msg": "the server that ran this chat is gone"})
            yield b'event:error\ndata:%b\n\nevent:done\ndata:"[DONE]"\n\n' % data
    finally:
        await response.aclose()
