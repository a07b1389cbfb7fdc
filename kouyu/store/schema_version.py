"""Reads the schema version of a database without opening it as a server does: nothing is made or migrated."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from kouyu.store import dialect
from kouyu.store.connections import open_reading
from kouyu.store.errors import StoreError
from kouyu.store.options import StoreOptions


class SchemaVersion(msgspec.Struct, frozen=True):
    """The number of steps that a database has, and the oldest kouyu that knows them ("" if unknown)."""

    version: int
    release: str = ""


async def schema_version_of(location: str | Path) -> tuple[str, SchemaVersion | None]:
    """Name the database at a path (SQLite) or URL, without its password, and read its version; None if it has no schema
    yet. Raises StoreError when it cannot be opened."""
    url = dialect.database_url(location)
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database, _of_file(Path(url.database))
    return url.render_as_string(hide_password=True), await _of_server(url)


def _of_file(path: Path) -> SchemaVersion | None:
    if not path.exists():
        return None
    # SQLite makes two files beside a database in WAL mode for reading it, unless it may take it as unchanging.
    how = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as connection:
            if not (columns := [row[1] for row in connection.execute("PRAGMA table_info(schema_version)")]):
                return None
            wanted = "version, release" if "release" in columns else "version"
            row = connection.execute(f"SELECT {wanted} FROM schema_version").fetchone()
    except sqlite3.Error as fault:
        raise StoreError(f"the database {path} cannot be read: {fault}") from fault
    return SchemaVersion(*row) if row and row[0] else None


async def _of_server(url: URL) -> SchemaVersion | None:
    connections = open_reading(url, StoreOptions(readers=1))
    try:
        return await connections.run(_read)
    except (SQLAlchemyError, OSError) as fault:
        raise StoreError(f"the database cannot be opened: {dialect.reason(fault)}") from fault
    finally:
        await connections.close()


def _read(connection: Connection) -> SchemaVersion | None:
    if not inspect(connection).has_table("schema_version"):
        return None
    has_release = "release" in {column["name"] for column in inspect(connection).get_columns("schema_version")}
    wanted = "version, release" if has_release else "version"
    row = connection.execute(text(f"SELECT {wanted} FROM schema_version")).first()
    return SchemaVersion(*row) if row and row[0] else None
