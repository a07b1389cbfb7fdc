"""The steps of the schema for several servers on one database. See migrations.py."""

from typing import Final

SERVERS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE servers (
        number BIGINT NOT NULL PRIMARY KEY,
        run TEXT NOT NULL,
        renewed_at DOUBLE PRECISION NOT NULL
    )
    """,
)

CLIENTS: Final[tuple[str, ...]] = ("ALTER TABLE servers ADD COLUMN clients TEXT NOT NULL DEFAULT '[]'",)

SHARED: Final[tuple[str, ...]] = (
    "ALTER TABLE servers ADD COLUMN address TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE servers ADD COLUMN live TEXT NOT NULL DEFAULT '[]'",
    """
    CREATE TABLE file_contents (
        file_id TEXT NOT NULL PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
        content {binary} NOT NULL
    )
    """,
)

SESSIONS: Final[tuple[str, ...]] = (
    "ALTER TABLE servers ADD COLUMN session TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE servers ADD COLUMN folder TEXT NOT NULL DEFAULT ''",
)
