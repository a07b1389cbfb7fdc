"""Removes deleted rows from the tables of PostgreSQL at once, instead of when its own vacuum comes to them."""

import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final

log = logging.getLogger(__name__)

_REWRITTEN: Final = frozenset(("voiceprint_features",))
"""Tables that are written anew without what was deleted: they are small, and what they hold identifies people. A plain
vacuum leaves the bytes of a row in its page until another row needs the space."""
_LOCK_S: Final = 5
"""How long a table is waited for that others use: those who come later wait as long."""
_LONGEST_S: Final = 3600.0


async def vacuum(connect: Callable[[], Awaitable[Any]], tables: Collection[str]) -> None:
    """Vacuum these tables. ``connect`` opens a connection of asyncpg. A failure is logged."""
    from asyncpg import InterfaceError, PostgresError

    try:
        connection = await connect()
        try:
            await connection.execute(f"SET lock_timeout = '{_LOCK_S}s'")
            for table in tables:
                how = "VACUUM FULL" if table in _REWRITTEN else "VACUUM"
                await connection.execute(f"{how} {table}", timeout=_LONGEST_S)
        finally:
            connection.terminate()
    except (TimeoutError, OSError, InterfaceError, PostgresError) as fault:
        log.warning("deleted rows stay in the files of PostgreSQL until its own vacuum removes them: %s", fault)
