"""Opens the client of a remote engine, and the embedded engines that take over from it."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from kouyu.engines.declaration import EngineContext
from kouyu.engines.remote.client import RemoteClient
from kouyu.engines.remote.options import RemoteOptions, embedded
from kouyu.engines.remote.wire import Description, RemoteKind


async def opened(
    kind: RemoteKind, context: EngineContext, options: RemoteOptions
) -> tuple[RemoteClient, Description | None, list[Any]]:
    """The client; what the processes serve, None if none answers; and the embedded engines, if there are to be any.

    Raises EngineUnavailable.
    """
    async with AsyncExitStack() as stack:
        client = RemoteClient(kind, options, context.elsewhere)
        stack.push_async_callback(client.close)
        description, *loaded = await asyncio.gather(
            client.open(), *(context.load_engine(*engine) for engine in embedded(kind, options))
        )
        stack.pop_all()
        return client, description, loaded
