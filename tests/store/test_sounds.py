"""The sound of messages: kept within bounds, and gone with what it belongs to."""

import msgspec
import pytest

from kouyu.domain.messages import Message
from kouyu.store.conversations import CreateConversation
from kouyu.store.message_writes import AddMessage
from kouyu.store.sound_bounds import Bounds
from kouyu.store.sounds import SoundRecord
from kouyu.store.store import Store
from tests.store.clock import Clock

AMPLE = Bounds(days=30, max_bytes=1000)


def record(message_id: str, created_at: int = 1000, size: int = 3) -> SoundRecord:
    return SoundRecord(
        message_id=message_id,
        conversation_id="c",
        role="user",
        media_type="audio/ogg",
        duration_ms=500,
        size=size,
        created_at=created_at,
    )


@pytest.fixture
async def talked(store: Store) -> Store:
    """A store with a conversation of three messages."""
    ids = {"conversation_id": "c", "bot_id": "kouyu", "chat_id": "t", "section_id": "c"}
    said = {"role": "user", "type": "question", "content": "hello", "content_type": "text"}
    await store.of("").write(
        CreateConversation(id="c", bot_id="kouyu", created_at=100),
        *(AddMessage(Message(id=f"m{n}", **ids, **said), 100 + n) for n in range(3)),  # type: ignore[arg-type]
    )
    return store


async def kept(store: Store) -> list[str]:
    return [sound.message_id for sound in await store.of("").sounds.list("c")]


async def test_a_sound_is_found_under_its_message(talked: Store) -> None:
    await talked.of("").sounds.keep(record("m0"), b"ogg", AMPLE)
    assert await talked.of("").sounds.content("c", "m0") == ("audio/ogg", b"ogg")
    assert await talked.of("").sounds.list("c") == (record("m0"),)
    assert await talked.of("").sounds.content("another", "m0") is None
    assert await talked.kept_sounds.usage() == (1, 3)


async def test_a_sound_kept_again_takes_the_place_of_the_first(talked: Store) -> None:
    await talked.of("").sounds.keep(record("m0"), b"ogg", AMPLE)
    await talked.of("").sounds.keep(record("m0", size=4), b"more", AMPLE)
    assert await talked.of("").sounds.content("c", "m0") == ("audio/ogg", b"more")


async def test_it_goes_with_its_conversation(talked: Store) -> None:
    await talked.of("").sounds.keep(record("m0"), b"ogg", AMPLE)
    await talked.of("").conversations.delete("c")
    assert await talked.of("").sounds.content("c", "m0") is None
    assert await talked.kept_sounds.usage() == (0, 0)


async def test_nothing_is_kept_of_a_message_that_is_not_there(talked: Store) -> None:
    await talked.of("").sounds.keep(record("gone"), b"ogg", AMPLE)
    assert await kept(talked) == []


async def test_what_is_too_old_goes(talked: Store) -> None:
    await talked.of("").sounds.keep(record("m0", created_at=1000), b"ogg", AMPLE)
    await talked.of("").sounds.keep(record("m1", created_at=1000 + 30 * 86_400), b"ogg", AMPLE)
    assert await kept(talked) == ["m0", "m1"]
    await talked.of("").sounds.keep(record("m2", created_at=1001 + 30 * 86_400), b"ogg", AMPLE)
    assert await kept(talked) == ["m1", "m2"]


async def test_the_oldest_go_when_it_is_too_much(talked: Store) -> None:
    for number in range(3):
        await talked.of("").sounds.keep(record(f"m{number}", created_at=1000 + number, size=400), b"ogg", AMPLE)
    assert await kept(talked) == ["m1", "m2"]


async def test_a_server_that_starts_gives_up_what_is_over_its_bounds(talked: Store, clock: Clock) -> None:
    await talked.of("").sounds.keep(record("m0", created_at=int(clock())), b"ogg", AMPLE)
    await talked.kept_sounds.forget(Bounds(days=30, max_bytes=2))
    assert await kept(talked) == []


async def test_one_sound_can_be_deleted_and_its_message_stays(talked: Store) -> None:
    await talked.of("").sounds.keep(record("m0"), b"ogg", AMPLE)
    assert await talked.of("").sounds.delete("c", "m0")
    assert not await talked.of("").sounds.delete("c", "m0")
    message = await talked.of("").messages.get("c", "m0")
    assert message is not None
    assert msgspec.structs.asdict(message)["content"] == "hello"
