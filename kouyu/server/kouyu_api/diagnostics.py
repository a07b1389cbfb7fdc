"""``/v1/diagnostics``: watching live sessions (docs/diagnostics.md)."""

import asyncio
from typing import Any, Final

import msgspec
from litestar import Request, Response, WebSocket, get, websocket
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from litestar.response import Stream
from litestar.types import Guard

from kouyu.diagnostics.facts.record import TurnRecord
from kouyu.diagnostics.watcher import Wanted, Watcher
from kouyu.diagnostics.watcher_hub import TooManyWatchers, WatcherHub
from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError
from kouyu.server.access.client_socket import ClientSocket
from kouyu.server.access.credentials import query_value
from kouyu.server.access.socket_authentication import SocketAuthenticator
from kouyu.server.openapi.operation import described
from kouyu.server.peers.peers import Peers
from kouyu.server.peers.watching import watched_on
from kouyu.server.rest.answers import answer_success
from kouyu.serving.background import in_background
from kouyu.serving.socket import SocketClosed
from kouyu.store.servers import ServerRecord
from kouyu.store.token_records import TokenRecord

FULL = "too many watchers are connected; try again later"
SESSIONS_PATH: Final = "/v1/diagnostics/sessions"
_SHOWN: Final = 100


def diagnostics_route(
    authenticator: SocketAuthenticator, watcher_hub: WatcherHub, peers: Peers
) -> WebsocketRouteHandler:
    """The route handler of the channel. The sessions of ``peers`` are watched too."""

    @websocket("/v1/diagnostics")
    async def diagnostics(socket: WebSocket[Any, Any, Any]) -> None:
        authenticated = await authenticator.authenticate(socket, "diagnostics", "own_diagnostics")
        if authenticated is None:
            return
        query = socket.scope["query_string"]
        wanted = msgspec.structs.replace(
            wanted_by(authenticated.user, query_value(query, "log_id"), query_value(query, "user_id")),
            events=query_value(query, "events") == "true",
        )
        try:
            others = await peers.others(socket)
            with watcher_hub.watch(wanted) as watcher:
                client = await authenticated.accept()
                async with in_background(watched_on(others, socket, watcher.put), "watching other servers"):
                    with authenticated.holding(client):
                        await _tell(client, watcher)
        except TooManyWatchers:
            await authenticated.refuse(errors.TOO_MANY_SESSIONS, FULL)

    return diagnostics


def wanted_by(user: TokenRecord, log_id: str | None, user_id: str | None) -> Wanted:
    """Return which sessions are asked for, limited to those that the token may see."""
    sees_all = "diagnostics" in user.permissions
    token_id = "" if sees_all else user.id
    return Wanted(owner=user.owner, log_id=log_id or "", user_id=user_id or "", token_id=token_id)


async def _tell(client: ClientSocket, watcher: Watcher) -> None:
    """Send the watcher's messages until the client disconnects. What the client sends is ignored."""

    async def send() -> None:
        while True:
            await client.send(await watcher.get())

    sending = asyncio.create_task(send(), name="diagnostics")
    leaving = asyncio.create_task(_until_it_leaves(client), name="diagnostics")
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        leaving.cancel()
        results = await asyncio.gather(sending, leaving, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, SocketClosed):
            raise result


async def _until_it_leaves(client: ClientSocket) -> None:
    while await client.receive() is not None:
        pass


class WhichTurns(msgspec.Struct, frozen=True):
    """The session's log id; with a number one of its kept turns, else all of them."""

    log_id: str
    turn: str = ""


def turn_routes(watcher_hub: WatcherHub, guard: Guard, peers: Peers) -> list[HTTPRouteHandler]:
    """The route handler of turns as files."""

    @get(
        "/v1/diagnostics/turns",
        guards=[guard],
        opt=described("The turns of a live session, or one of them", "kouyu", query=WhichTurns),
    )
    async def turns(request: Request[TokenRecord, Any, Any]) -> Response[bytes] | Stream:
        query = request.query_params
        log_id: str = query.get("log_id", "")
        sessions = watcher_hub.sessions(wanted_by(request.user, log_id, None)) if log_id else []
        if not sessions and log_id and (server := await _server_of(log_id, request, peers)):
            return await peers.pass_on(request, server)
        if not sessions:
            raise ProtocolError(errors.NOT_FOUND, f"log_id: there is no live session {log_id[:_SHOWN]!r}")
        records = sessions[0].turns()
        number: str = query.get("turn", "")
        if not number:
            return answer_success(request, [_plain(record) for record in records])
        for record in records:
            if str(record.turn) == number:
                return answer_success(request, _plain(record))
        known = ", ".join(str(record.turn) for record in records) or "none"
        raise ProtocolError(errors.NOT_FOUND, f"turn: {number[:_SHOWN]!r} is not kept; kept turns: {known}")

    return [turns]


async def _server_of(log_id: str, request: Request[TokenRecord, Any, Any], peers: Peers) -> ServerRecord | None:
    """The other server to which the client of this session is connected."""
    for told in await peers.told(request, SESSIONS_PATH):
        if any(session["log_id"] == log_id for session in told.data or ()):
            return told.server
    return None


def _plain(record: TurnRecord) -> Any:
    """The record as plain data, with the configuration (JSON already) decoded."""
    return msgspec.json.decode(msgspec.json.encode(record))
