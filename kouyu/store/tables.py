"""The tables as queries use them. ``migrations.py`` creates them, with their keys and indexes."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    LargeBinary,
    MetaData,
    Named,
    Table,
    Text,
    TypedColumns,
)

from kouyu.store.column_types import SEQUENCE, JsonText

# Messages, chats, recordings and feedback belong to the owner of their conversation, features to that of their group.
metadata = MetaData()


class ConversationColumns(TypedColumns):
    """Conversations; ``section_id`` is the current section."""

    id: Named[str] = Column(Text, primary_key=True)
    owner: Named[str] = Column(Text)
    bot_id: Named[str] = Column(Text)
    user_id: Named[str] = Column(Text)
    section_id: Named[str] = Column(Text)
    name: Named[str] = Column(Text)
    created_at: Named[int] = Column(BigInteger)
    updated_at: Named[int] = Column(BigInteger)
    meta_data: Named[dict[str, str]] = Column(JsonText)


class MessageColumns(TypedColumns):
    """Messages; ``seq`` is the order in which they were first saved, or placed by a client."""

    seq: Named[int] = Column(SEQUENCE, primary_key=True)
    id: Named[str] = Column(Text, unique=True)
    conversation_id: Named[str] = Column(Text)
    section_id: Named[str] = Column(Text)
    chat_id: Named[str] = Column(Text)
    bot_id: Named[str] = Column(Text)
    role: Named[str] = Column(Text)
    type: Named[str] = Column(Text)
    content: Named[str] = Column(Text)
    content_type: Named[str] = Column(Text)
    reasoning_content: Named[str] = Column(Text)
    heard: Named[str | None] = Column(Text)
    tool_call_id: Named[str] = Column(Text)
    meta_data: Named[dict[str, str]] = Column(JsonText)
    created_at: Named[int] = Column(BigInteger)
    updated_at: Named[int] = Column(BigInteger)


class ChatColumns(TypedColumns):
    """Chats; ``excluded`` keeps their messages out of the model's context."""

    id: Named[str] = Column(Text, primary_key=True)
    conversation_id: Named[str] = Column(Text)
    section_id: Named[str] = Column(Text)
    bot_id: Named[str] = Column(Text)
    user_id: Named[str] = Column(Text)
    status: Named[str] = Column(Text)
    usage: Named[dict[str, int]] = Column(JsonText)
    created_at: Named[int] = Column(BigInteger)
    completed_at: Named[int | None] = Column(BigInteger)
    failed_at: Named[int | None] = Column(BigInteger)
    last_error: Named[dict[str, Any] | None] = Column(JsonText)
    meta_data: Named[dict[str, str]] = Column(JsonText)
    required_action: Named[dict[str, Any] | None] = Column(JsonText)
    excluded: Named[bool] = Column(Boolean)


class TokenColumns(TypedColumns):
    """Access tokens; ``digest`` is the SHA-256 of the secret in hexadecimal."""

    id: Named[str] = Column(Text, primary_key=True)
    name: Named[str] = Column(Text, unique=True)
    digest: Named[str] = Column(Text, unique=True)
    permissions: Named[list[str]] = Column(JsonText)
    owner: Named[str] = Column(Text)
    limits: Named[dict[str, int]] = Column(JsonText)
    created_at: Named[int] = Column(BigInteger)
    expires_at: Named[int | None] = Column(BigInteger)
    last_used_at: Named[int | None] = Column(BigInteger)
    app_id: Named[str] = Column(Text)
    grant_id: Named[str] = Column(Text)
    refresh_family: Named[str] = Column(Text)
    bots: Named[list[str]] = Column(JsonText)


class AudioUsedColumns(TypedColumns):
    """Audio received from and sent to the clients of a token; ``day`` counts days of UTC since 1970."""

    token_id: Named[str] = Column(Text, primary_key=True)
    day: Named[int] = Column(BigInteger, primary_key=True)
    milliseconds: Named[int] = Column(BigInteger)


class FileColumns(TypedColumns):
    """Uploaded files; their content is on disk, or in ``file_contents``."""

    id: Named[str] = Column(Text, primary_key=True)
    owner: Named[str] = Column(Text)
    name: Named[str] = Column(Text)
    bytes: Named[int] = Column(BigInteger)
    created_at: Named[int] = Column(BigInteger)


class FileContentColumns(TypedColumns):
    """The content of uploaded files, where several servers read them."""

    file_id: Named[str] = Column(Text, primary_key=True)
    content: Named[bytes] = Column(LargeBinary)


class BotColumns(TypedColumns):
    """Bots created over REST, by the access token ``creator_id``; drafts and published versions are BotProfiles."""

    id: Named[str] = Column(Text, primary_key=True)
    owner: Named[str] = Column(Text)
    creator_id: Named[str] = Column(Text)
    draft: Named[dict[str, Any]] = Column(JsonText)
    published: Named[dict[str, Any] | None] = Column(JsonText)
    version: Named[int] = Column(BigInteger)
    created_at: Named[int] = Column(BigInteger)
    updated_at: Named[int] = Column(BigInteger)
    published_at: Named[int | None] = Column(BigInteger)


class VariableColumns(TypedColumns):
    """Variables of a user of a bot or an app, whose id is ``of_id``."""

    owner: Named[str] = Column(Text, primary_key=True)
    of_id: Named[str] = Column(Text, primary_key=True)
    user_id: Named[str] = Column(Text, primary_key=True)
    keyword: Named[str] = Column(Text, primary_key=True)
    value: Named[str] = Column(Text)
    created_at: Named[int] = Column(BigInteger)
    updated_at: Named[int] = Column(BigInteger)


class FeedbackColumns(TypedColumns):
    """Feedback on messages."""

    message_id: Named[str] = Column(Text, primary_key=True)
    feedback_type: Named[str] = Column(Text)
    reason_types: Named[list[str]] = Column(JsonText)
    comment: Named[str] = Column(Text)
    created_at: Named[int] = Column(BigInteger)


class VoiceprintGroupColumns(TypedColumns):
    """Voiceprint groups; ``creator_id`` is the access token that created one."""

    id: Named[str] = Column(Text, primary_key=True)
    owner: Named[str] = Column(Text)
    creator_id: Named[str] = Column(Text)
    account_id: Named[str] = Column(Text)
    name: Named[str] = Column(Text)
    description: Named[str] = Column(Text)
    created_at: Named[int] = Column(BigInteger)
    updated_at: Named[int] = Column(BigInteger)


class VoiceprintFeatureColumns(TypedColumns):
    """Enrolled speakers; ``vector`` is the voiceprint by the encoder ``model``, from ``speech_ms`` of speech."""

    id: Named[str] = Column(Text, primary_key=True)
    group_id: Named[str] = Column(Text)
    creator_id: Named[str] = Column(Text)
    name: Named[str] = Column(Text)
    description: Named[str] = Column(Text)
    created_at: Named[int] = Column(BigInteger)
    updated_at: Named[int] = Column(BigInteger)
    model: Named[str] = Column(Text)
    speech_ms: Named[int] = Column(BigInteger)
    vector: Named[bytes] = Column(LargeBinary)
    audio: Named[bytes | None] = Column(LargeBinary)


class SoundColumns(TypedColumns):
    """Recordings of messages; ``content`` is a file."""

    message_id: Named[str] = Column(Text, primary_key=True)
    conversation_id: Named[str] = Column(Text)
    role: Named[str] = Column(Text)
    media_type: Named[str] = Column(Text)
    duration_ms: Named[int] = Column(BigInteger)
    size: Named[int] = Column(BigInteger)
    created_at: Named[int] = Column(BigInteger)
    content: Named[bytes] = Column(LargeBinary)


class LostConnectionColumns(TypedColumns):
    """Lost connections; ``client`` is the digest of the client, ``state`` the session's state as JSON."""

    seq: Named[int] = Column(BigInteger, primary_key=True)
    client: Named[str] = Column(Text)
    state: Named[str] = Column(Text)
    lost_at: Named[int] = Column(BigInteger)


class AuditColumns(TypedColumns):
    """The audit log; ``seq`` is the order of the entries."""

    seq: Named[int] = Column(SEQUENCE, primary_key=True)
    at: Named[int] = Column(BigInteger)
    actor: Named[str] = Column(Text)
    actor_owner: Named[str] = Column(Text)
    action: Named[str] = Column(Text)
    subject: Named[str] = Column(Text)
    owner: Named[str] = Column(Text)
    detail: Named[str] = Column(Text)


class ClientSecretColumns(TypedColumns):
    """Ephemeral keys."""

    digest: Named[str] = Column(Text, primary_key=True)
    token_id: Named[str] = Column(Text)
    session: Named[dict[str, Any]] = Column(JsonText)
    expires_at: Named[int] = Column(BigInteger)


class ServerColumns(TypedColumns):
    """Servers on the database; ``renewed_at`` is by the database's clock, in Unix seconds, ``address`` the base URL by
    which the others reach it, ``live`` the ids of the conversations that clients are connected to, ``clients`` the
    digests of clients that are silent, and may have lost their connection. ``session`` is the key of the lock that a
    connection of the server holds, or empty; ``folder`` the id of its data folder."""

    number: Named[int] = Column(BigInteger, primary_key=True)
    run: Named[str] = Column(Text)
    renewed_at: Named[float] = Column(Double)
    address: Named[str] = Column(Text)
    live: Named[list[str]] = Column(JsonText)
    clients: Named[list[str]] = Column(JsonText)
    session: Named[str] = Column(Text)
    folder: Named[str] = Column(Text)


conversations = Table("conversations", metadata, ConversationColumns)
messages = Table("messages", metadata, MessageColumns)
chats = Table("chats", metadata, ChatColumns)
tokens = Table("tokens", metadata, TokenColumns)
audio_used = Table("audio_used", metadata, AudioUsedColumns)
files = Table("files", metadata, FileColumns)
file_contents = Table("file_contents", metadata, FileContentColumns)
bots = Table("bots", metadata, BotColumns)
variables = Table("variables", metadata, VariableColumns)
feedback = Table("feedback", metadata, FeedbackColumns)
voiceprint_groups = Table("voiceprint_groups", metadata, VoiceprintGroupColumns)
voiceprint_features = Table("voiceprint_features", metadata, VoiceprintFeatureColumns)
sounds = Table("sounds", metadata, SoundColumns)
audit = Table("audit", metadata, AuditColumns)
servers = Table("servers", metadata, ServerColumns)
client_secrets = Table("client_secrets", metadata, ClientSecretColumns)
lost_connections = Table("lost_connections", metadata, LostConnectionColumns)
