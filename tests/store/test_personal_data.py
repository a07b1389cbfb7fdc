"""Everything of one user: exported whole, deleted whole, and nothing of anybody else."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kouyu.domain.messages import Message
from kouyu.store.chats import PutChat
from kouyu.store.conversations import CreateConversation
from kouyu.store.message_writes import AddMessage
from kouyu.store.personal_archive import write_archive
from kouyu.store.sound_bounds import Bounds
from kouyu.store.sounds import SoundRecord
from kouyu.store.store import Store
from kouyu.store.voiceprint_writes import Enrolment
from tests.store.clock import Clock
from tests.store.said import chat

OWNER = "shop"
AMPLE = Bounds(days=30, max_bytes=10**9)


@pytest.fixture
async def store(location: str | Path, clock: Clock, tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(location, clock=clock, files_folder=tmp_path / "files") as opened:
        yield opened


def said(message_id: str, conversation_id: str, content: str, chat_id: str, *file_ids: str) -> Message:
    shown, content_type = content, "text"
    if file_ids:
        parts = [{"type": "text", "text": content}, *({"type": "file", "file_id": each} for each in file_ids)]
        shown, content_type = json.dumps(parts), "object_string"
    place: Any = {"conversation_id": conversation_id, "section_id": conversation_id, "bot_id": "bot"}
    about: Any = {"role": "user", "type": "question", "content": shown, "content_type": content_type}
    return Message(id=message_id, chat_id=chat_id, **place, **about)


async def furnish(store: Store, user_id: str, clock: Clock, *file_ids: str, owner: str = OWNER) -> None:
    """A conversation, a chat in a conversation of nobody, a recording, a variable and two voices of a user."""
    mine, own = store.of(owner), f"{owner}-{user_id}"
    nobodys = f"{owner}-nobody"
    await mine.write(
        CreateConversation(id=own, bot_id="bot", created_at=1, user_id=user_id),
        CreateConversation(id=nobodys, bot_id="bot", created_at=1),
        PutChat(chat(f"{own}-1", "completed", conversation_id=own), user_id),
        PutChat(chat(f"{own}-2", "completed", conversation_id=nobodys), user_id),
        AddMessage(said(f"{own}-m1", own, f"said by {user_id}", f"{own}-1", *file_ids), 1),
        AddMessage(said(f"{own}-m2", nobodys, f"also by {user_id}", f"{own}-2"), 1),
    )
    about: Any = {"role": "user", "media_type": "audio/ogg", "duration_ms": 1, "size": 3, "created_at": int(clock.now)}
    await mine.sounds.keep(SoundRecord(message_id=f"{own}-m1", conversation_id=own, **about), b"ogg", AMPLE)
    await mine.feedback.put(f"{own}-m1", "like", comment="nice")
    await mine.variables.set("bot", user_id, {"city": f"city of {user_id}"})
    voice = Enrolment(model="test", vector=bytes(8), speech_ms=3000, audio=b"RIFF")
    group = await mine.voiceprints.create_group("family", creator_id="t")
    await mine.voiceprints.enrol(group, user_id, voice, creator_id="t")
    group = await mine.voiceprints.create_group("of an account", creator_id="t", account_id=user_id)
    await mine.voiceprints.enrol(group, "at home", voice, creator_id="t")


async def exported(store: Store, user_id: str, owner: str = OWNER) -> dict[str, bytes]:
    file = io.BytesIO()
    await write_archive(store.of(owner), user_id, file)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_an_archive_holds_all_of_a_user_and_nothing_of_others(store: Store, clock: Clock) -> None:
    file = await store.of(OWNER).files.add("a/../map of Rome.txt", b"left, right")
    await furnish(store, "ada", clock, file.id)
    await furnish(store, "bob", clock)
    await furnish(store, "ada", clock, owner="clinic")
    found = await exported(store, "ada")
    counts = {"conversations": 2, "messages": 2, "recordings": 1, "files": 1, "voiceprints": 2, "variables": 1}
    counts["sessions"] = 0
    assert json.loads(found["user.json"]) == {"user_id": "ada", "owner": OWNER, "holds": counts}
    own = json.loads(found["conversations/shop-ada.json"])
    assert [each["id"] for each in own["chats"]] == ["shop-ada-1"]
    (message,) = own["messages"]
    assert message["feedback"]["comment"] == "nice"
    assert found[message["recording"]] == b"ogg"
    nobodys = json.loads(found["conversations/shop-nobody.json"])
    assert [each["content"] for each in nobodys["messages"]] == ["also by ada"]
    assert found[f"files/{file.id}-a_.._map_of_Rome.txt"] == b"left, right"
    assert [each["value"] for each in json.loads(found["variables.json"])] == ["city of ada"]
    voices = json.loads(found["voiceprints.json"])
    assert sorted(each["name"] for each in voices) == ["ada", "at home"]
    assert all(found[each["recording"]] == b"RIFF" for each in voices)
    whole = b"".join(found.values())
    assert b"bob" not in whole
    assert b"clinic" not in whole


async def test_a_user_without_data_has_an_archive_that_says_so(store: Store) -> None:
    found = await exported(store, "nobody")
    assert set(json.loads(found["user.json"])["holds"].values()) == {0}


async def test_what_is_deleted_is_gone_and_all_else_is_as_it_was(store: Store, clock: Clock, tmp_path: Path) -> None:
    files = store.of(OWNER).files
    hers, shared = await files.add("hers.txt", b"hers"), await files.add("shared.txt", b"shared")
    await furnish(store, "ada", clock, hers.id, shared.id)
    await furnish(store, "bob", clock, shared.id)
    await furnish(store, "ada", clock, owner="clinic")
    before = await exported(store, "bob"), await exported(store, "ada", "clinic")
    deleted = await store.delete_user(OWNER, "ada")
    assert str(deleted) == "1 conversations, 2 messages, 1 recordings, 1 files, 2 voiceprints, 1 variables"
    assert set(json.loads((await exported(store, "ada"))["user.json"])["holds"].values()) == {0}
    assert (await exported(store, "bob"), await exported(store, "ada", "clinic")) == before
    assert await store.of(OWNER).chats.get("shop-ada-2") is None
    assert await store.of(OWNER).conversations.get("shop-nobody") is not None
    assert await files.get(hers.id) is None
    assert [path.name for path in (tmp_path / "files").iterdir()] == [shared.id]
    assert str(await store.delete_user(OWNER, "ada")) == "nothing"


async def test_a_file_of_another_owner_stays_whoever_names_it(store: Store, clock: Clock) -> None:
    files = store.of("clinic").files
    unused = await files.add("findings.txt", b"of the clinic")
    await furnish(store, "ada", clock, unused.id)
    assert (await store.delete_user(OWNER, "ada")).files == 0
    record = await files.get(unused.id)
    assert record is not None
    assert await files.content(record) == b"of the clinic"


async def test_those_who_name_no_user_id_are_no_user(store: Store, clock: Clock) -> None:
    await furnish(store, "ada", clock)
    assert str(await store.delete_user(OWNER, "")) == "nothing"
    assert await store.of(OWNER).conversations.get("shop-nobody") is not None


async def test_many_conversations_are_deleted_in_steps(store: Store) -> None:
    mine = store.of(OWNER)
    await mine.write(*(CreateConversation(id=f"c{n}", bot_id="b", created_at=1, user_id="ada") for n in range(45)))
    steps: list[float] = []
    store.observe_writes(steps.append)
    deleted = await store.delete_user(OWNER, "ada")
    assert deleted.conversations == 45
    assert len(steps) == 4


async def test_what_was_deleted_is_not_in_the_files_of_the_database(
    store: Store, location: str | Path, clock: Clock
) -> None:
    if not isinstance(location, Path):
        pytest.skip("looks into the files of SQLite")
    await furnish(store, "ada", clock)
    await store.delete_user(OWNER, "ada")
    left = b"".join(location.with_name(location.name + end).read_bytes() for end in ("", "-wal"))
    assert b"said by ada" not in left
    assert b"city of ada" not in left
