"""Reads HTTP from a stream by h11."""

import asyncio
from typing import Final

import h11

READ_BYTES: Final = 65_536
"""Bytes read from a stream at once."""


async def next_event(http: h11.Connection, reader: asyncio.StreamReader) -> object:
    """The next event of h11, for which as much is read as it needs. Raises h11.RemoteProtocolError, OSError."""
    while (event := http.next_event()) is h11.NEED_DATA:
        http.receive_data(await reader.read(READ_BYTES))
    return event
