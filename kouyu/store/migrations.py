"""The steps of the schema: each is SQL that never changes once released. Append new ones to STEPS.

Add first, remove a release later: where several servers share a database, those of the release before go on while the
first new one migrates it, until they are replaced in turn. So a step may make tables and indexes, and add columns with
a default. What it drops, renames or narrows must be unused since an earlier release, which it names in
``unused_since`` (``tests/store/test_migrations.py``). One process at a time migrates, under a lock (``schema.py``).

Plain SQL that both SQLite and PostgreSQL accept, with two types filled in: ``{sequence}``, an auto-increment number,
and ``{binary}``, bytes.
A tool such as alembic would add a second configuration and its own environment for what is thirty lines here.
"""

from typing import Final

import msgspec

from kouyu.store.app_migration import APPS
from kouyu.store.client_secret_migration import CLIENT_SECRETS
from kouyu.store.reuse_migration import REUSE
from kouyu.store.server_migrations import CLIENTS, SERVERS, SESSIONS, SHARED

Statements = tuple[str, ...]


class Step(msgspec.Struct, frozen=True):
    """One change of the schema."""

    release: str
    """The kouyu that has it first; an older one cannot use the database afterwards."""
    does: str
    """What it does, for the log."""
    statements: Statements
    table: str = ""
    """The table that it changes, whose rows are counted for the log; empty: it only makes new ones."""
    unused_since: str = ""
    """The release that first did without what this step removes; empty: it only adds."""


_CONVERSATIONS: Final[Statements] = (
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

_FILES: Final[Statements] = (
    """
    CREATE TABLE files (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        bytes BIGINT NOT NULL,
        created_at BIGINT NOT NULL
    )
    """,
)

_BOTS: Final[Statements] = (
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

_FEEDBACK: Final[Statements] = (
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

_VOICEPRINTS: Final[Statements] = (
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

_SOUNDS: Final[Statements] = (
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

_TOOL_CALLS: Final[Statements] = ("ALTER TABLE messages ADD COLUMN tool_call_id TEXT NOT NULL DEFAULT ''",)

_LOST_CONNECTIONS: Final[Statements] = (
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

_TOKEN_LIMITS: Final[Statements] = (
    "ALTER TABLE tokens ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE tokens ADD COLUMN limits TEXT NOT NULL DEFAULT '{{}}'",
    """UPDATE tokens SET permissions = REPLACE(
        REPLACE(permissions, '"chat"', '"voice"'), '"rest"', '"text","bots","voiceprints"')""",
    """
    CREATE TABLE audio_used (
        token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
        day BIGINT NOT NULL,
        milliseconds BIGINT NOT NULL,
        PRIMARY KEY (token_id, day)
    )
    """,
)

_OWNERS: Final[Statements] = (
    "ALTER TABLE conversations ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
    "DROP INDEX conversations_by_bot",
    "CREATE INDEX conversations_by_bot ON conversations (owner, bot_id, created_at, id)",
    "ALTER TABLE files ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE bots RENAME COLUMN owner_id TO creator_id",
    "ALTER TABLE bots ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE voiceprint_groups RENAME COLUMN owner_id TO creator_id",
    "ALTER TABLE voiceprint_groups ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE voiceprint_features RENAME COLUMN owner_id TO creator_id",
    """
    CREATE TABLE owned_variables (
        owner TEXT NOT NULL,
        of_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        keyword TEXT NOT NULL,
        value TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        PRIMARY KEY (owner, of_id, user_id, keyword)
    )
    """,
    "INSERT INTO owned_variables SELECT '', owner_id, user_id, keyword, value, created_at, updated_at FROM variables",
    "DROP TABLE variables",
    "ALTER TABLE owned_variables RENAME TO variables",
)

_AUDIT: Final[Statements] = (
    """
    CREATE TABLE audit (
        seq {sequence} PRIMARY KEY,
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        actor_owner TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        owner TEXT NOT NULL,
        detail TEXT NOT NULL
    )
    """,
    "CREATE INDEX audit_by_time ON audit (at)",
)

_BY_TIME: Final[Statements] = ("CREATE INDEX conversations_by_time ON conversations (owner, created_at, id)",)

STEPS: Final[tuple[Step, ...]] = (
    Step("0.1.0", "make conversations, messages, chats and tokens", _CONVERSATIONS),
    Step("0.1.0", "make files", _FILES),
    Step("0.1.0", "make bots and variables", _BOTS),
    Step("0.1.0", "make feedback", _FEEDBACK),
    Step("0.1.0", "make voiceprints", _VOICEPRINTS),
    Step("0.1.0", "make recordings", _SOUNDS),
    Step("0.2.0", "messages get the id of their tool call", _TOOL_CALLS, table="messages"),
    Step("0.2.0", "make lost connections", _LOST_CONNECTIONS),
    Step("0.2.0", "tokens get limits and an owner, and permissions their new names", _TOKEN_LIMITS, table="tokens"),
    Step("0.2.0", "conversations, files, bots, variables and voiceprints get an owner", _OWNERS, table="conversations"),
    Step("0.2.0", "make the audit log", _AUDIT),
    Step("0.2.0", "make apps, and tokens know theirs", APPS, table="tokens"),
    Step("0.2.0", "conversations are found by their time", _BY_TIME, table="conversations"),
    Step("0.2.0", "make servers", SERVERS),
    Step("0.2.0", "servers get an address, and uploaded files a content in the database", SHARED, table="servers"),
    Step("0.2.0", "make ephemeral keys", CLIENT_SECRETS),
    Step("0.2.0", "servers say which clients are silent", CLIENTS, table="servers"),
    Step("0.2.0", "servers show by a lock that they live", SESSIONS, table="servers"),
    Step("0.2.0", "used codes and refresh tokens are recognised", REUSE, table="tokens"),
)
