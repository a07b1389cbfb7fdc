"""The step of the schema by which used codes and refresh tokens are recognised (see migrations.py)."""

from typing import Final

REUSE: Final[tuple[str, ...]] = (
    "ALTER TABLE tokens ADD COLUMN refresh_family TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX tokens_by_refresh_family ON tokens (refresh_family)",
    """
    CREATE TABLE used_codes (
        digest TEXT NOT NULL PRIMARY KEY,
        app_id TEXT NOT NULL,
        grant_id TEXT NOT NULL,
        expires_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX used_codes_by_end ON used_codes (expires_at)",
)
