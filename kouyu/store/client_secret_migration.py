"""The step of the schema that makes the table of ephemeral keys (see migrations.py)."""

from typing import Final

CLIENT_SECRETS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE client_secrets (
        digest TEXT NOT NULL PRIMARY KEY,
        token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
        session TEXT NOT NULL,
        expires_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX client_secrets_by_end ON client_secrets (expires_at)",
    "CREATE INDEX client_secrets_by_token ON client_secrets (token_id, expires_at)",
)
