"""The lock by which the servers on a PostgreSQL database see that one of them lives: a connection of it holds it."""

from typing import Final

from sqlalchemy import TextClause, text

from kouyu.store.dialect import LOCKS

_SESSION: Final = LOCKS + 3


def session_lock(key: str) -> str:
    """What a connection of PostgreSQL executes to hold a lock until it ends. ``key``: decimal, 0 to 2^31 - 1.

    Shared: where a network was cut, PostgreSQL may still think that an earlier connection of the same server is open.
    """
    return f"SELECT pg_advisory_lock_shared({_SESSION}, {int(key)})"


def session_has_ended(*, seen_by: str = "") -> TextClause:
    """A condition on rows of ``servers``, on PostgreSQL: the server had a session, whose lock no connection holds.

    ``seen_by``: the key of another server's session. The condition fails while that is not held either, as after a
    restart of PostgreSQL.
    """
    held = (
        f"SELECT objid::text FROM pg_locks WHERE locktype = 'advisory' AND classid = {_SESSION}"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    condition = f"servers.session <> '' AND servers.session NOT IN ({held})"
    return text(f"{condition} AND '{int(seen_by)}' IN ({held})" if seen_by else condition)
