"""Brings a database's schema up to date: says what it does, one process at a time, all steps or none."""

import logging
from importlib.metadata import version
from typing import Final

from sqlalchemy import Connection, inspect, text

from kouyu.store import dialect, migrations
from kouyu.store.errors import SchemaTooNew, SchemaTooOld

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
    taken = _steps_taken(connection)
    steps = migrations.STEPS
    database = connection.engine.url.render_as_string(hide_password=True)
    if taken > len(steps):
        release: str = connection.execute(text("SELECT release FROM schema_version")).scalar_one()
        raise SchemaTooNew(f"the database {database} {too_new(taken, release)}")
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


def _steps_taken(connection: Connection) -> int:
    """The number of steps that the database has. Makes the table that keeps it, or that table's newer column."""
    if not inspect(connection).has_table("schema_version"):
        connection.execute(text("CREATE TABLE schema_version (version INTEGER NOT NULL, release TEXT NOT NULL)"))
        connection.execute(text("INSERT INTO schema_version VALUES (0, '')"))
    elif "release" not in {column["name"] for column in inspect(connection).get_columns("schema_version")}:
        # 0.1.0 did not save which release its schema needs.
        connection.execute(text("ALTER TABLE schema_version ADD COLUMN release TEXT NOT NULL DEFAULT ''"))
    taken: int = connection.execute(text("SELECT version FROM schema_version")).scalar_one()
    return taken


def too_new(found: int, release: str) -> str:
    """What is said of a schema of a newer kouyu. ``release`` is the oldest kouyu that knows it, "" if unknown."""
    needed = f"kouyu {release} or newer" if release else "a newer kouyu"
    known = len(migrations.STEPS)
    return (
        f"has schema version {found} and needs {needed}; this is kouyu {version('kouyu')}, which knows versions up to"
        f" {known}. Update kouyu, or restore a backup from before the update"
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
