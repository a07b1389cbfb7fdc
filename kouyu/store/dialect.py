"""All differences between SQLite and PostgreSQL, kept in this module."""

import math
import os
import sqlite3
import ssl
import time
import uuid
import zlib
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, ColumnElement, Connection, Table, bindparam, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kouyu.store.errors import StoreError
from kouyu.store.options import StoreOptions

BUSY_TIMEOUT_MS = 10_000
"""How long SQLite waits for another process's write before it fails with "database is locked"."""

LOCKS: Final = 0x6B6F7500
"""Any number that no other program uses, to which what the lock is about is added."""
MIGRATION: Final = 0
SERVERS: Final = 1
CONVERSATION: Final = 2
"""What a lock is about; see ``lock``. 3: a server's session (server_sessions.py)."""

_LOCK_NOT_AVAILABLE = "55P03"
"""PostgreSQL's code for a lock that was not had within lock_timeout."""

_UNKNOWN_TRANSACTION = "22023"
"""PostgreSQL's code for a transaction that is newer than all it knows: a replica took over that had not got it."""

_AWAY = frozenset(("57P01", "57P02", "57P03", "53300", "40001", "40P01"))
"""PostgreSQL's codes for a server that stops, starts or has no free connection, and for transactions that were in each
other's way. Those of class 08 are of the connection."""

Insert = sqlite.Insert | postgresql.Insert

Only = Callable[[Any], ColumnElement[bool]]


def database_url(location: str | Path) -> URL:
    """Convert a path (SQLite) or a URL (``sqlite:///...``, ``postgresql://...``) to the URL of the driver used for it.

    Raises StoreError for a URL of another kind of database, or of an SQLite database without a file.
    """
    if isinstance(location, Path) or "://" not in location:
        return URL.create("sqlite", database=str(Path(location).expanduser().absolute()))
    try:
        url = make_url(location)
    except ArgumentError as error:
        raise StoreError("the database URL cannot be read") from error
    match url.get_backend_name():
        case "sqlite" if url.database and url.database != ":memory:":
            return url.set(drivername="sqlite")
        case "sqlite":
            raise StoreError("an SQLite database needs a file: give a path")
        case "postgresql":
            return url.set(drivername="postgresql+asyncpg")
        case other:
            raise StoreError(f"{other} is not supported: give a path (SQLite) or a postgresql:// URL")


def connection_arguments(url: URL, options: StoreOptions, timeout_s: float | None) -> tuple[URL, dict[str, Any]]:
    """The URL for SQLAlchemy, and the arguments for asyncpg's ``connect``; ``timeout_s`` is for each statement.

    Raises StoreError for a certificate that cannot be read.
    """
    arguments: dict[str, Any] = {"timeout": options.timeout_s, "command_timeout": timeout_s}
    if options.pgbouncer:
        # Names of their own, since a connection may be handed the server's connection of another one.
        arguments |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
        arguments["prepared_statement_name_func"] = lambda: f"__kouyu_{uuid.uuid4()}__"
    mode, certificate = url.query.get("sslmode"), url.query.get("sslrootcert")
    if certificate:
        try:
            arguments["ssl"] = context = ssl.create_default_context(cafile=str(certificate))
        except OSError as error:
            raise StoreError(
                f"the certificate of the database's URL, {certificate}, cannot be read: {error}"
            ) from error
        context.check_hostname = mode != "verify-ca"
    elif mode:
        arguments["ssl"] = mode
    return url.difference_update_query(("sslmode", "sslrootcert")), arguments


def direct_connection(url: URL, options: StoreOptions) -> Callable[[], Awaitable[Any]] | None:
    """Return what opens a connection of asyncpg by itself, for LISTEN; None for SQLite."""
    if url.get_backend_name() == "sqlite":
        return None
    if options.listen_url:
        url = database_url(options.listen_url)
    plain, arguments = connection_arguments(url, options, options.timeout_s)
    where = plain.translate_connect_args(username="user")

    async def connect() -> Any:
        import asyncpg

        chosen = {key: value for key, value in arguments.items() if not key.startswith("prepared_")}
        return await asyncpg.connect(**where, **chosen)

    return connect


def prepare_file(path: Path) -> None:
    """Create the SQLite file, readable by its owner alone, in WAL mode, which persists. Blocks: not for the event loop.

    Raises StoreError if that fails: no permission, or a network file system.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        mode = _use_write_ahead_log(path)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the database {path} cannot be opened: {error}") from error
    if mode != "wal":
        raise StoreError(f"the database {path} cannot use write-ahead logging: is it on a network file system?")


def _use_write_ahead_log(path: Path) -> str:
    """Switch the file to WAL mode; return its mode afterwards."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000)) as connection:
        while True:
            try:
                return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
            except sqlite3.OperationalError as error:
                # SQLite does not wait by itself if two programs switch the mode at once.
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def configure_sqlite(connection: DBAPIConnection, _record: object) -> None:
    """Set up a new SQLite connection. A listener for the pool's ``connect`` event."""
    # The driver begins no transactions; SQLAlchemy's "begin" event does (BEGIN IMMEDIATE).
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Deleted data is overwritten with zeros, so that no voiceprint or message stays readable in the file.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def begin_immediate(connection: Connection) -> None:
    """Begin with the write lock: a transaction that reads first and writes later can fail half-way as locked."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def empty_write_ahead_log(connection: Connection) -> bool:
    """Move SQLite's write-ahead log into the database file and truncate it, once no other connection reads or writes;
    False if one does for longer than BUSY_TIMEOUT_MS. For a connection outside a transaction."""
    if connection.dialect.name != "sqlite":
        return True
    busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
    return busy == 0


def is_locked(error: DBAPIError) -> bool:
    """Whether the database gave up waiting for another process; the same transaction may succeed later."""
    if isinstance(error.orig, sqlite3.OperationalError):
        return "locked" in str(error.orig)
    return getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def is_away(error: Exception) -> bool:
    """Whether the database could not be reached, or not be used for a moment; the same work may succeed later."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError | PoolTimeout)  # a TimeoutError is an OSError
    code = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or code in _AWAY or code.startswith("08")


def reason(error: Exception) -> str:
    """The database's own error text, without the statement and without SQLAlchemy's links."""
    told = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return told or type(error).__name__


def sequence_type(connection: Connection) -> str:
    """The SQL type of an auto-increment column."""
    return "INTEGER" if connection.dialect.name == "sqlite" else "BIGINT GENERATED BY DEFAULT AS IDENTITY"


def binary_type(connection: Connection) -> str:
    """The SQL type of a column of bytes."""
    return "BLOB" if connection.dialect.name == "sqlite" else "BYTEA"


def wait_for_sole_migration(connection: Connection) -> None:
    """Let one process migrate at a time. In SQLite the transaction's write lock does that.

    Raises an error that ``is_locked`` if another one takes longer than BUSY_TIMEOUT_MS.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY_TIMEOUT_MS}")
        lock(connection, MIGRATION)
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")


def lock(connection: Connection, about: int, subject: str = "") -> None:
    """Hold a lock until the transaction ends, so that one process at a time decides about a subject.

    In SQLite a transaction that writes has the whole database for itself.
    """
    if connection.dialect.name == "postgresql":
        number = zlib.crc32(subject.encode()) - (1 << 31)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCKS + about}, {number})")


def now(connection: Connection) -> float:
    """Unix seconds by the database's clock, which all servers on it share."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())


def transaction_number(connection: Connection) -> int | None:
    """The number of the open transaction, for ``was_committed``; None for SQLite, whose answer to a commit cannot get
    lost."""
    if connection.dialect.name == "sqlite":
        return None
    return int(connection.exec_driver_sql("SELECT txid_current()").scalar_one())


def was_committed(connection: Connection, transaction: int) -> bool:
    """Whether a transaction was committed. Raises ConnectionError while that is not decided."""
    try:
        status = connection.exec_driver_sql(f"SELECT txid_status({transaction})").scalar_one()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _UNKNOWN_TRANSACTION:
            return False
        raise
    if status == "in progress":
        raise ConnectionError("it is not decided yet whether the last transaction was committed")
    return bool(status == "committed")


def seen_from(connection: Connection) -> str | None:
    """The network address from which PostgreSQL sees this program; None on a socket file, and for SQLite."""
    if connection.dialect.name == "sqlite":
        return None
    found: str | None = connection.exec_driver_sql("SELECT host(inet_client_addr())").scalar_one()
    return found


def up_since(connection: Connection) -> float:
    """Unix seconds at which the database came up; infinite for SQLite, whose servers renew no lease."""
    if connection.dialect.name == "sqlite":
        return math.inf
    return float(connection.exec_driver_sql("SELECT extract(epoch FROM pg_postmaster_start_time())").scalar_one())


def put(
    connection: Connection,
    table: Table[Any],
    values: dict[str, Any],
    *,
    key: Iterable[str],
    change: Iterable[str],
    only: Only | None = None,
) -> bool:
    """Insert a row; if one with the same ``key`` exists, update its columns ``change``, if any.

    A row for which ``only`` does not hold stays as it is: then False. ``only`` gets the columns of the new values.
    """
    statement = _upsert(connection.dialect.name, table, tuple(values), tuple(key), tuple(change), only)
    return connection.execute(statement, values).rowcount > 0


@lru_cache(maxsize=64)
def _upsert(
    name: str,
    table: Table[Any],
    columns: tuple[str, ...],
    key: tuple[str, ...],
    change: tuple[str, ...],
    only: Only | None,
) -> Insert:
    """Cached, since SQLAlchemy takes longer to build a statement than SQLite to execute it."""
    build = sqlite.insert if name == "sqlite" else postgresql.insert
    insert = build(table).values({column: bindparam(column) for column in columns})
    if not change:
        return insert.on_conflict_do_nothing(index_elements=key)
    return insert.on_conflict_do_update(
        index_elements=key,
        set_={column: insert.excluded[column] for column in change},
        where=None if only is None else only(insert.excluded),
    )
