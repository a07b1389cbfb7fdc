"""The step of the schema that makes the tables of apps (see migrations.py)."""

from typing import Final

APPS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE apps (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        owner TEXT NOT NULL,
        permissions TEXT NOT NULL,
        public_keys TEXT NOT NULL,
        redirect_uris TEXT NOT NULL,
        audiences TEXT NOT NULL,
        secret_digest TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE sign_ins (
        digest TEXT NOT NULL PRIMARY KEY,
        user_code TEXT NOT NULL,
        app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
        status TEXT NOT NULL,
        redirect_uri TEXT NOT NULL,
        challenge TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        interval_s BIGINT NOT NULL,
        polled_at BIGINT
    )
    """,
    "CREATE INDEX sign_ins_by_user_code ON sign_ins (user_code)",
    "CREATE TABLE used_assertions (digest TEXT NOT NULL PRIMARY KEY, expires_at BIGINT NOT NULL)",
    "CREATE INDEX used_assertions_by_end ON used_assertions (expires_at)",
    "ALTER TABLE tokens ADD COLUMN app_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE tokens ADD COLUMN grant_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE tokens ADD COLUMN bots TEXT NOT NULL DEFAULT '[]'",
    "CREATE INDEX tokens_by_grant ON tokens (grant_id)",
)
