"""Session records go with their conversation, its user, their age and the room that they may take."""

import io
import os
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kouyu.server.process.retention import enforce_once
from kouyu.settings.all_settings import RetentionSettings, Settings
from kouyu.settings.recording import RecordingSettings
from kouyu.store.chats import PutChat
from kouyu.store.conversations import CreateConversation
from kouyu.store.personal_archive import write_archive
from kouyu.store.store import Store
from tests.store.said import chat

DAY_S = 86_400
MB = 1_000_000
AMPLE = Settings(recording=RecordingSettings(keep_days=365, keep_mb=1000))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


@pytest.fixture
async def store(tmp_path: Path, folder: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "kouyu.db", files_folder=tmp_path / "files", sessions_folder=folder)
    async with opened as store:
        yield store


def record(store: Store, log_id: str, *conversation_ids: str, size: int = 1, at: float = 0.0) -> None:
    """The record of a session that took part in these conversations, last written at the Unix time ``at``."""
    files = store.session_records
    path, file = files.create(conversation_ids[0], log_id)
    with file:
        file.truncate(size)
    for conversation_id in conversation_ids[1:]:
        files.add_conversation(path, conversation_id)
    os.utime(path, (at, at))


def left(folder: Path) -> list[str]:
    """The records that are left, below their conversations."""
    return sorted(f"{path.parent.name}/{path.stem}" for path in folder.glob("*/*.kyrec"))


async def conversation(store: Store, conversation_id: str, user_id: str = "", *, at: int = 0, owner: str = "") -> None:
    await store.of(owner).write(CreateConversation(id=conversation_id, bot_id="bot", created_at=at, user_id=user_id))


async def test_records_are_kept_for_the_days_of_the_settings(store: Store, folder: Path) -> None:
    record(store, "old", "7", at=2 * DAY_S)
    record(store, "new", "7", "8", at=3 * DAY_S)
    settings = Settings(recording=RecordingSettings(keep_days=14))
    await enforce_once(store, settings, [], 16 * DAY_S)
    assert left(folder) == ["7/new", "7/old", "8/new"]
    await enforce_once(store, settings, [], 16 * DAY_S + 1)
    assert left(folder) == ["7/new", "8/new"]
    await enforce_once(store, settings, [], 17 * DAY_S + 1)
    assert (left(folder), os.listdir(folder)) == ([], [])


async def test_beyond_their_room_the_oldest_records_are_deleted(store: Store, folder: Path) -> None:
    record(store, "c", "7", size=MB, at=3.0)
    record(store, "a", "7", "8", size=MB, at=1.0)  # in two conversations, and takes its room once
    record(store, "b", "8", size=MB, at=2.0)
    for keep_mb, expected in ((3, ["7/a", "7/c", "8/a", "8/b"]), (2, ["7/c", "8/b"]), (1, ["7/c"])):
        settings = Settings(recording=RecordingSettings(keep_days=14, keep_mb=keep_mb))
        await enforce_once(store, settings, [], 10.0)
        assert left(folder) == expected


async def test_records_are_forgotten_with_their_conversations_and_those_of_live_ones_stay(
    store: Store, folder: Path
) -> None:
    for conversation_id in ("old", "live", "new"):
        await conversation(store, conversation_id, at=10 * DAY_S if conversation_id == "new" else DAY_S)
        record(store, f"of-{conversation_id}", conversation_id, at=10.0 * DAY_S)
    record(store, "of-both", "old", "new", at=10.0 * DAY_S)
    settings = Settings(recording=AMPLE.recording, retention=RetentionSettings(conversations_days=7))
    deleted = await enforce_once(store, settings, ["live"], 10.0 * DAY_S)
    assert left(folder) == ["live/of-live", "new/of-new"]
    assert (deleted.conversations, deleted.sessions) == (1, 2)


async def furnish(store: Store) -> None:
    """Sessions of ada: in her conversation, in one of nobody, and in two; one of bob; one of another owner's ada."""
    await conversation(store, "adas", "ada")
    await conversation(store, "nobodys")
    await conversation(store, "bobs", "bob")
    await conversation(store, "elsewhere", "ada", owner="clinic")
    await store.of("").write(PutChat(chat("1", "completed", conversation_id="nobodys"), "ada"))
    await conversation(store, "another", "ada")
    record(store, "hers", "adas")
    record(store, "of-nobody", "nobodys")
    record(store, "of-two", "adas", "another")
    record(store, "his", "bobs")
    record(store, "not-hers", "elsewhere")


async def test_all_records_with_a_user_in_them_are_deleted_with_the_user(store: Store, folder: Path) -> None:
    await furnish(store)
    deleted = await store.delete_user("", "ada")
    assert left(folder) == ["bobs/his", "elsewhere/not-hers"]
    assert (deleted.conversations, deleted.sessions) == (2, 3)


async def test_a_user_is_given_each_record_once_and_none_in_which_others_may_speak(store: Store) -> None:
    await furnish(store)
    file = io.BytesIO()
    exported = await write_archive(store.of(""), "ada", file)
    with zipfile.ZipFile(file) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith("sessions/"))
        assert [Path(name).name for name in names] == ["hers.kyrec", "of-two.kyrec"]
        assert {archive.read(name) for name in names} == {b"\0"}
    assert exported.sessions == 2
