"""Schema migrations: each step is SQL that never changes once released. Append new steps to STEPS.

Plain SQL that both SQLite and PostgreSQL accept, with two types filled in: ``{sequence}``, an auto-increment number,
and ``{binary}``, bytes.
A tool such as alembic would add a second configuration and its own environment for what is thirty lines here.
"""

from typing import Final

from sqlalchemy import Connection, text

from kouyu.store import dialect
from kouyu.store.errors import SchemaTooNew

Step = tuple[str, ...]

_CONVERSATIONS: Final[Step] = (
    """
    CREATE TABLE conversations (
        id TEXT NOT NULL PRIMARY KEY,
        bot_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        section_id TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        meta_data TEXT NOT NULL
    )
    """,
    "CREATE INDEX conversations_by_bot ON conversations (bot_id, created_at, id)",
    """
    CREATE TABLE messages (
        seq {sequence} PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        section_id TEXT NOT NULL,
        chat_id TEXT NOT NULL,
        bot_id TEXT NOT NULL,
        role TEXT NOT NULL,
        type TEXT NOT NULL,
        content TEXT NOT NULL,
        content_type TEXT NOT NULL,
        reasoning_content TEXT NOT NULL,
        heard TEXT,
        meta_data TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX messages_by_conversation ON messages (conversation_id, seq)",
    "CREATE INDEX messages_by_section ON messages (conversation_id, section_id, seq)",
    "CREATE INDEX messages_by_chat ON messages (chat_id, seq)",
    """
    CREATE TABLE chats (
        id TEXT NOT NULL PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        section_id TEXT NOT NULL,
        bot_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        status TEXT NOT NULL,
        usage TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        completed_at BIGINT,
        failed_at BIGINT,
        last_error TEXT,
        meta_data TEXT NOT NULL,
        required_action TEXT,
        excluded BOOLEAN NOT NULL
    )
    """,
    "CREATE INDEX chats_by_conversation ON chats (conversation_id)",
    "CREATE INDEX chats_open ON chats (status) WHERE status IN ('created', 'in_progress', 'requires_action')",
    """
    CREATE TABLE tokens (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        digest TEXT NOT NULL UNIQUE,
        permissions TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        last_used_at BIGINT
    )
    """,
)

_FILES: Final[Step] = (
    """
    CREATE TABLE files (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        bytes BIGINT NOT NULL,
        created_at BIGINT NOT NULL
    )
    """,
)

_BOTS: Final[Step] = (
    """
    CREATE TABLE bots (
        id TEXT NOT NULL PRIMARY KEY,
        owner_id TEXT NOT NULL,
        draft TEXT NOT NULL,
        published TEXT,
        version BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        published_at BIGINT
    )
    """,
    """
    CREATE TABLE variables (
        owner_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        keyword TEXT NOT NULL,
        value TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        PRIMARY KEY (owner_id, user_id, keyword)
    )
    """,
)

_FEEDBACK: Final[Step] = (
    """
    CREATE TABLE feedback (
        message_id TEXT NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
        feedback_type TEXT NOT NULL,
        reason_types TEXT NOT NULL,
        comment TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )
    """,
)

_VOICEPRINTS: Final[Step] = (
    """
    CREATE TABLE voiceprint_groups (
        id TEXT NOT NULL PRIMARY KEY,
        owner_id TEXT NOT NULL,
        account_id TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE voiceprint_features (
        id TEXT NOT NULL PRIMARY KEY,
        group_id TEXT NOT NULL REFERENCES voiceprint_groups (id) ON DELETE CASCADE,
        owner_id TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        model TEXT NOT NULL,
        speech_ms BIGINT NOT NULL,
        vector {binary} NOT NULL,
        audio {binary}
    )
    """,
    "CREATE INDEX voiceprint_features_by_group ON voiceprint_features (group_id, created_at, id)",
)

_SOUNDS: Final[Step] = (
    """
    CREATE TABLE sounds (
        message_id TEXT NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
        conversation_id TEXT NOT NULL,
        role TEXT NOT NULL,
        media_type TEXT NOT NULL,
        duration_ms BIGINT NOT NULL,
        size BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        content {binary} NOT NULL
    )
    """,
    "CREATE INDEX sounds_by_conversation ON sounds (conversation_id, created_at)",
    "CREATE INDEX sounds_by_age ON sounds (created_at, message_id, size)",
)

_TOOL_CALLS: Final[Step] = ("ALTER TABLE messages ADD COLUMN tool_call_id TEXT NOT NULL DEFAULT ''",)

_LOST_CONNECTIONS: Final[Step] = (
    """
    CREATE TABLE lost_connections (
        seq {sequence} PRIMARY KEY,
        client TEXT NOT NULL,
        state TEXT NOT NULL,
        lost_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX lost_connections_by_client ON lost_connections (client)",
)

STEPS: Final[tuple[Step, ...]] = (
    _CONVERSATIONS,
    _FILES,
    _BOTS,
    _FEEDBACK,
    _VOICEPRINTS,
    _SOUNDS,
    _TOOL_CALLS,
    _LOST_CONNECTIONS,
)


def migrate(connection: Connection) -> None:
    """Migrate the database to the last of STEPS within the connection's transaction: all of it or nothing.

    Raises SchemaTooNew when the database has steps this program does not know.
    """
    dialect.wait_for_sole_migration(connection)
    connection.execute(text("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)"))
    found: int | None = connection.execute(text("SELECT version FROM schema_version")).scalar()
    if found is None:
        connection.execute(text("INSERT INTO schema_version (version) VALUES (0)"))
    version = found or 0
    if version > len(STEPS):
        raise SchemaTooNew(
            f"the database {connection.engine.url.render_as_string(hide_password=True)} has schema version {version},"
            f" but this kouyu knows only {len(STEPS)}: update kouyu, or choose another data directory"
        )
    types = {"sequence": dialect.sequence_type(connection), "binary": dialect.binary_type(connection)}
    for step in STEPS[version:]:
        for statement in step:
            connection.execute(text(statement.format(**types)))
    connection.execute(text("UPDATE schema_version SET version = :version"), {"version": len(STEPS)})
