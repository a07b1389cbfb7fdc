"""What is older than it may be kept goes; what is needed stays."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from kouyu.domain.chats import ChatStatus
from kouyu.store.bots import BotProfile
from kouyu.store.chats import PutChat
from kouyu.store.conversations import CreateConversation
from kouyu.store.message_writes import AddMessage
from kouyu.store.store import Store
from tests.store.clock import Clock
from tests.store.said import chat, message

DAY_S = 86_400


@pytest.fixture
async def store(location: str | Path, clock: Clock, tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(location, clock=clock, files_folder=tmp_path / "files") as opened:
        yield opened


async def talked(store: Store, conversation_id: str, at: float, content: str = "hello", *, owner: str = "") -> None:
    """A conversation in which something was said at a time."""
    said = message(f"m-{conversation_id}", content, conversation_id=conversation_id)
    if content.startswith("["):
        said = msgspec.structs.replace(said, content_type="object_string")
    began = CreateConversation(id=conversation_id, bot_id="bot", created_at=int(at))
    await store.of(owner).write(began, AddMessage(said, int(at)))


async def left(store: Store, *ids: str, owner: str = "") -> list[str]:
    return [each for each in ids if await store.of(owner).conversations.get(each) is not None]


async def test_what_was_last_said_long_ago_goes_and_the_rest_stays(store: Store, clock: Clock) -> None:
    before = int(clock.now) - 30 * DAY_S
    await talked(store, "old", before - 1)
    await talked(store, "anothers", before - 1, owner="acme")
    await talked(store, "new", before)
    await talked(store, "going on", before - 1)
    await store.of("").messages.add(message("again", conversation_id="going on"), before + 1)
    await talked(store, "live", before - 1)
    await talked(store, "running", before - 1)
    running: ChatStatus = "requires_action"
    await store.of("").write(PutChat(chat("r", running, conversation_id="running")))
    deleted = await store.forget_before(before, ["live"])
    assert (deleted.conversations, deleted.messages) == (2, 2)
    ids = ("old", "new", "going on", "live", "running")
    assert await left(store, *ids) == ["new", "going on", "live", "running"]
    assert await left(store, "anothers", owner="acme") == []
    assert await store.of("").messages.get("old", "m-old") is None


async def test_many_go_in_steps_between_which_others_write(store: Store, clock: Clock) -> None:
    old = [CreateConversation(id=f"c{n:03}", bot_id="bot", created_at=1) for n in range(45)]
    await store.of("").write(*old)
    steps: list[float] = []
    store.observe_writes(steps.append)
    assert (await store.forget_before(int(clock.now), [])).conversations == 45
    assert len(steps) == 3


async def test_old_files_go_unless_a_message_or_a_bot_names_them(store: Store, clock: Clock, tmp_path: Path) -> None:
    files = store.of("").files
    sent, gone, loose, icon = [await files.add(name, name.encode()) for name in ("sent", "gone", "loose", "icon")]
    await store.of("").bots.create("t", BotProfile(name="b", icon_file_id=icon.id))
    clock.now += 60 * DAY_S
    fresh = await files.add("fresh", b"fresh")
    before = int(clock.now) - 30 * DAY_S
    await talked(store, "old", before - 1, json.dumps([{"type": "file", "file_id": gone.id}]))
    await talked(store, "new", before, json.dumps([{"type": "file", "file_id": sent.id}]))
    deleted = await store.forget_before(before, [])
    assert (deleted.conversations, deleted.files) == (1, 2)
    kept = {sent.id, icon.id, fresh.id}
    assert {path.name for path in (tmp_path / "files").iterdir()} == kept
    assert [await files.get(each.id) for each in (gone, loose)] == [None, None]
    assert {record.id for each in (sent, icon, fresh) if (record := await files.get(each.id))} == kept


async def test_nothing_old_costs_no_write(store: Store, clock: Clock) -> None:
    await talked(store, "new", clock.now)
    steps: list[float] = []
    store.observe_writes(steps.append)
    assert str(await store.forget_before(int(clock.now) - DAY_S, [])) == "nothing"
    assert steps == []
