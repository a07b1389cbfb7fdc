"""Whether the machine of a server says that nothing listens at the server's address."""

import asyncio
from typing import Final
from urllib.parse import urlsplit

_CONNECT_S: Final = 1.0
_PORTS: Final = {"http": 80, "https": 443}


async def refuses_connections(address: str) -> bool:
    """Whether the machine at a base URL refuses connections, as it does at once when the process is gone.

    False if a connection is accepted, as also for a process that is paused; if no answer comes within _CONNECT_S, as
    from a machine that is gone or cut off; and for "".
    """
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS.get(parts.scheme)
        if not parts.hostname or port is None:
            return False
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except ConnectionRefusedError:
        return True
    except (OSError, ValueError):  # not reached; a port that is no number
        return False
    writer.transport.abort()
    return False
