"""Watches the sessions of the other servers for a client of this one."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from litestar import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from kouyu.server.peers.peers import fields_for
from kouyu.store.servers import ServerRecord

log = logging.getLogger(__name__)


async def watched_on(
    servers: Iterable[ServerRecord], socket: WebSocket[Any, Any, Any], take: Callable[[str], None]
) -> None:
    """Ask each of the servers for what ``socket`` asked this one for, and ``take`` what they send.

    Ends when they have all ended. One that does not answer, or stops, is left out.
    """
    async with asyncio.TaskGroup() as tasks:
        for server in servers:
            tasks.create_task(_watched_on(server, socket, take), name=f"watching server {server.number}")


async def _watched_on(server: ServerRecord, socket: WebSocket[Any, Any, Any], take: Callable[[str], None]) -> None:
    query = socket.scope["query_string"].decode("latin-1")
    url = f"ws{server.address.removeprefix('http')}{socket.scope['path']}?{query}"
    try:
        async with connect(url, additional_headers=fields_for(socket, server), max_size=None) as other:
            async for message in other:
                if isinstance(message, str):
                    take(message)
    except (OSError, WebSocketException) as fault:
        log.warning("the sessions of server %d at %r are not watched: %r", server.number, server.address, fault)
