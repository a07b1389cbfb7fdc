"""Feedback on a message is saved once, and deleted with the message."""

import pytest

from kouyu.store.conversations import CreateConversation
from kouyu.store.errors import UnknownMessage
from kouyu.store.message_writes import AddMessage
from kouyu.store.store import Store
from tests.store.said import message


@pytest.fixture
async def said(store: Store) -> str:
    """The id of a message that is kept."""
    added = message("1")
    await store.of("").write(
        CreateConversation(id=added.conversation_id, bot_id="bot", created_at=1), AddMessage(added, created_at=2)
    )
    return added.id


async def test_the_latest_feedback_counts(store: Store, said: str) -> None:
    await store.of("").feedback.put(said, "unlike", reason_types=("wrong", "rude"), comment="no")
    await store.of("").feedback.put(said, "like")
    kept = await store.of("").feedback.get(said)
    assert kept is not None
    assert (kept.feedback_type, kept.reason_types, kept.comment) == ("like", (), "")


async def test_feedback_can_be_deleted_more_than_once(store: Store, said: str) -> None:
    await store.of("").feedback.put(said, "like", reason_types=("kind",), comment="yes")
    await store.of("").feedback.delete(said)
    await store.of("").feedback.delete(said)
    assert await store.of("").feedback.get(said) is None


async def test_it_needs_a_message_and_goes_with_it(store: Store, said: str) -> None:
    with pytest.raises(UnknownMessage):
        await store.of("").feedback.put("nobody", "like")
    await store.of("").feedback.put(said, "like")
    await store.of("").messages.delete(message(said).conversation_id, said)
    assert await store.of("").feedback.get(said) is None
