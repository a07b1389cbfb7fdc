"""Reads the schema version of a database, also without opening it as a server does: nothing is made or migrated."""

import sqlite3
from pathlib import Path

import msgspec
from sqlalchemy import URL, Connection, NullPool, create_engine, inspect, text
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
    address = f"{path.absolute().as_uri()}?{how}"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return read_version(connection)
    except SQLAlchemyError as fault:
        raise StoreError(f"the database {path} cannot be read: {dialect.reason(fault)}") from fault


async def _of_server(url: URL) -> SchemaVersion | None:
    connections = open_reading(url, StoreOptions(readers=1))
    try:
        return await connections.run(read_version)
    except (SQLAlchemyError, OSError) as fault:
        raise StoreError(f"the database cannot be opened: {dialect.reason(fault)}") from fault
    finally:
        await connections.close()


def columns_of_version(connection: Connection) -> set[str]:
    """The columns of the table that keeps the version; none where there is no such table."""
    inspector = inspect(connection)
    if not inspector.has_table("schema_version"):
        return set()
    return {column["name"] for column in inspector.get_columns("schema_version")}


def read_version(connection: Connection) -> SchemaVersion | None:
    """The version of a database; None if it has no schema yet."""
    if not (columns := columns_of_version(connection)):
        return None
    wanted = "version, release" if "release" in columns else "version"  # 0.1.0 saved no release
    row = connection.execute(text(f"SELECT {wanted} FROM schema_version")).first()
    return SchemaVersion(*row) if row and row[0] else None
