"""Copies an SQLite database while a server writes to it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from kouyu.store.dialect import BUSY_TIMEOUT_MS
from kouyu.store.errors import StoreError

_PAGES_AT_ONCE: Final = 256


class Snapshot(msgspec.Struct, frozen=True):
    """A copy of the database at one moment."""

    schema_version: int
    release: str
    """The oldest kouyu that can use it; "" if unknown."""
    file_ids: tuple[str, ...]
    """The uploaded files that it refers to."""


def copy_database(source: Path, target: Path, advanced: Callable[[int, int], None]) -> Snapshot:
    """Copy the database as it is at one moment to a new file ``target``, which is one file and undamaged. Blocks.

    The server goes on reading and writing meanwhile. ``advanced`` gets the bytes copied so far, and all. Raises
    StoreError if the database cannot be read or is damaged.
    """
    try:
        with closing(_connected(source)) as origin, closing(sqlite3.connect(target, isolation_level=None)) as copy:
            page_size: int = origin.execute("PRAGMA page_size").fetchone()[0]

            def progress(_: int, remaining: int, total: int) -> None:
                advanced((total - remaining) * page_size, total * page_size)

            # The open transaction keeps the copy at one moment: without it SQLite begins anew after each write of the
            # server. It does not hold up the server.
            origin.execute("BEGIN")
            origin.execute("SELECT count(*) FROM sqlite_master").fetchone()
            origin.backup(copy, pages=_PAGES_AT_ONCE, progress=progress, sleep=0)
            copy.execute("PRAGMA journal_mode = DELETE")
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreError(f"the database {source} is damaged: {found}")
            return _described(copy)
    except sqlite3.Error as error:
        raise StoreError(f"the database {source} cannot be copied: {error}") from error


def has_file(database: Path, file_id: str) -> bool:
    """Whether the database has an uploaded file with this id. Raises StoreError if it cannot be read."""
    try:
        with closing(_connected(database)) as connection:
            return connection.execute("SELECT 1 FROM files WHERE id = ?", (file_id,)).fetchone() is not None
    except sqlite3.Error as error:
        raise StoreError(f"the database {database} cannot be read: {error}") from error


def forget_file(copy: Path, file_id: str) -> None:
    """Delete an uploaded file from a copy of the database. Raises StoreError."""
    try:
        with closing(_connected(copy)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("DELETE FROM files WHERE id = ?", (file_id,))
    except sqlite3.Error as error:
        raise StoreError(f"the copy {copy} of the database cannot be changed: {error}") from error


def _connected(path: Path) -> sqlite3.Connection:
    """Open an existing database file."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)


def _described(copy: sqlite3.Connection) -> Snapshot:
    columns = {row[1] for row in copy.execute("PRAGMA table_info(schema_version)")}
    version = copy.execute("SELECT version FROM schema_version").fetchone()[0]
    release = copy.execute("SELECT release FROM schema_version").fetchone()[0] if "release" in columns else ""
    return Snapshot(version, release, tuple(row[0] for row in copy.execute("SELECT id FROM files ORDER BY id")))
