"""A database of an older release is migrated when it is opened, and everything in it is there and usable."""

import sqlite3
import struct
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from kouyu.domain.messages import Message
from kouyu.store.message_writes import AddMessage
from kouyu.store.migrations import STEPS
from kouyu.store.store import Store
from kouyu.store.token_records import CLIENT_PERMISSIONS, TokenLimits
from kouyu.store.voiceprints import GroupFilter

CONVERSATION = "7500000000000000100"
CHAT = "7500000000000000200"
MADE_AT = 1_790_000_000


@pytest.fixture
async def upgraded(tmp_path: Path) -> AsyncIterator[Store]:
    """The database of 0.1.0, opened by this kouyu."""
    dump = (Path(__file__).parent / "kouyu-0.1.0.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "kouyu.db")) as database:
        database.executescript(dump)
    files = tmp_path / "files"
    files.mkdir()
    (files / "7500000000000000302").write_bytes(b"a map of Paris")
    async with await Store.open(tmp_path / "kouyu.db", files_folder=files, clock=lambda: MADE_AT + 60.0) as store:
        yield store


async def test_it_has_the_newest_schema(upgraded: Store) -> None:
    assert await upgraded._database.scalar(text("SELECT version FROM schema_version")) == len(STEPS)


async def test_conversations_and_chats_are_there(upgraded: Store) -> None:
    conversation = await upgraded.of("").conversations.get(CONVERSATION)
    assert conversation is not None
    assert (conversation.user_id, conversation.name, conversation.meta_data) == ("ada", "French", {"level": "A1"})
    chat = await upgraded.of("").chats.get(CHAT)
    assert chat is not None
    assert (chat.status, chat.usage.token_count) == ("completed", 45)


async def test_messages_are_there_with_what_was_heard_of_them(upgraded: Store) -> None:
    listed = await upgraded.of("").messages.list(CONVERSATION, limit=10, order="asc")
    assert [(message.type, message.tool_call_id) for message in listed.messages] == [
        ("question", ""),
        ("answer", ""),
        ("question", ""),
        ("answer", ""),
    ]
    context = await upgraded.of("").messages.context(CONVERSATION, CONVERSATION, 10)
    assert context[0].meta_data == {"mood": "curious"}
    assert context[1].content == "Paris is the capital."


async def test_messages_of_types_that_the_old_release_had_not_join_them(upgraded: Store) -> None:
    call = Message(
        id="5",
        conversation_id=CONVERSATION,
        bot_id="tutor",
        role="assistant",
        type="function_call",
        content='{"name":"where_am_i","arguments":{}}',
        content_type="text",
        chat_id=CHAT,
        section_id=CONVERSATION,
    )
    await upgraded.of("").write(AddMessage(call, MADE_AT + 60, "call 1"))
    newest = (await upgraded.of("").messages.context(CONVERSATION, CONVERSATION, 10))[-1]
    assert (newest.id, newest.type, newest.tool_call_id) == ("5", "function_call", "call 1")
    await upgraded.lost_connections.keep("a client", "{}")
    assert await upgraded.lost_connections.take("a client") == ["{}"]


async def test_tokens_are_still_good(upgraded: Store) -> None:
    token = await upgraded.tokens.verify("kouyu_secret-of-a-test")
    assert token is not None
    assert (token.name, token.owner, token.limits) == ("phone", "", TokenLimits())
    assert token.permissions == CLIENT_PERMISSIONS
    assert await upgraded.tokens.revoke("phone")
    assert await upgraded.tokens.verify("kouyu_secret-of-a-test") is None


async def test_files_are_there(upgraded: Store) -> None:
    record = await upgraded.of("").files.get("7500000000000000302")
    assert record is not None
    assert await upgraded.of("").files.content(record) == b"a map of Paris"


async def test_voiceprints_are_there(upgraded: Store) -> None:
    groups, _ = await upgraded.of("").voiceprints.groups(GroupFilter(name="family"), offset=0, limit=10)
    (voice,) = await upgraded.of("").voiceprints.voices(groups[0].id)
    assert (groups[0].feature_count, voice.name, voice.model, voice.speech_ms) == (1, "Ada", "resemblyzer", 4000)
    assert struct.unpack("<256f", voice.vector) == (0.0625,) * 256
    assert await upgraded.of("").voiceprints.audio(groups[0].id, voice.id) == b"RIFF"


async def test_bots_variables_feedback_and_sound_are_there(upgraded: Store) -> None:
    (bot,) = await upgraded.of("").bots.list()
    assert bot.published is not None
    assert (bot.published.prompt, bot.published.model.temperature) == ("You teach.", 0.2)
    assert await upgraded.of("").variables.values("tutor", "ada") == {"city": "Lyon"}
    feedback = await upgraded.of("").feedback.get("2")
    assert feedback is not None
    assert feedback.comment == "clear"
    assert await upgraded.of("").sounds.content(CONVERSATION, "1") == ("audio/ogg", b"sound")
