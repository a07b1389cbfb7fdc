"""Brings a database's schema up to date: says what it does, one process at a time, all steps or none."""

import logging
from importlib.metadata import version
from typing import Final

from sqlalchemy import Connection, text

from kouyu.store import dialect, migrations
from kouyu.store.errors import SchemaTooNew, SchemaTooOld
from kouyu.store.schema_version import SchemaVersion, columns_of_version, read_version

log = logging.getLogger(__name__)

_COUNTED_ROWS: Final = 1_000_000
"""Rows of a table that are counted for the log; counting more would hold up the start."""


def migrate(connection: Connection, *, beside_server: bool = False) -> None:
    """Take the steps that the database lacks within the connection's transaction: all of them or none.

    Waits for another process that migrates it. Raises SchemaTooNew when the database has steps that this kouyu does not
    know. ``beside_server``: for a program beside a running server, which must not migrate under it; raises SchemaTooOld
    where steps are lacking, unless the database is new.
    """
    dialect.wait_for_sole_migration(connection)
    found = _version_of(connection)
    taken = found.version
    steps = migrations.STEPS
    database = connection.engine.url.render_as_string(hide_password=True)
    if taken > len(steps):
        raise SchemaTooNew(f"the database {database} {too_new(found)}")
    if taken == len(steps):
        return
    if taken and beside_server:
        raise SchemaTooOld(
            f"the database {database} has schema version {taken}, of an older kouyu: start the server of this one"
            f" first, which migrates it to {len(steps)}"
        )
    if taken:
        log.info("the database %s has schema version %d; migrating it to %d", database, taken, len(steps))
    for number, step in enumerate(steps[taken:], taken + 1):
        if taken:
            log.info("schema version %d: %s%s", number, step.does, _rows(connection, step.table))
        _take(connection, step)
    connection.execute(
        text("UPDATE schema_version SET version = :version, release = :release"),
        {"version": len(steps), "release": steps[-1].release},
    )


def _version_of(connection: Connection) -> SchemaVersion:
    """The version of the database. Makes the table that keeps it, or that table's newer column."""
    columns = columns_of_version(connection)
    if not columns:
        connection.execute(text("CREATE TABLE schema_version (version INTEGER NOT NULL, release TEXT NOT NULL)"))
        connection.execute(text("INSERT INTO schema_version VALUES (0, '')"))
    elif "release" not in columns:
        # 0.1.0 did not save which release its schema needs.
        connection.execute(text("ALTER TABLE schema_version ADD COLUMN release TEXT NOT NULL DEFAULT ''"))
    return read_version(connection) or SchemaVersion(0)


def too_new(found: SchemaVersion) -> str:
    """What is said of a schema of a newer kouyu."""
    needed = f"kouyu {found.release} or newer" if found.release else "a newer kouyu"
    known = len(migrations.STEPS)
    return (
        f"has schema version {found.version} and needs {needed}; this is kouyu {version('kouyu')}, which knows"
        f" versions up to {known}. Update kouyu, or restore a backup from before the update"
    )


def _take(connection: Connection, step: migrations.Step) -> None:
    types = {"sequence": dialect.sequence_type(connection), "binary": dialect.binary_type(connection)}
    for statement in step.statements:
        connection.execute(text(statement.format(**types)))


def _rows(connection: Connection, table: str) -> str:
    """The number of rows of a table, in brackets."""
    if not table:
        return ""
    some = text(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {_COUNTED_ROWS + 1}) AS counted")
    counted: int = connection.execute(some).scalar_one()
    return f" (more than {_COUNTED_ROWS:,} rows)" if counted > _COUNTED_ROWS else f" ({counted:,} rows)"
