"""Bots that were made over REST."""

import pytest

from kouyu.store.bots import BotModel, BotProfile, BotTools
from kouyu.store.errors import UnknownBot
from kouyu.store.store import Store
from tests.store.clock import Clock

PIRATE = BotProfile(name="Pirate", prompt="Arr.", suggested_questions=("Where to?",), model=BotModel(temperature=0.5))


async def test_a_bot_is_kept_as_it_was_written(store: Store) -> None:
    made = await store.of("").bots.create("7", PIRATE)
    assert await store.of("").bots.get(made.id) == made
    assert (made.draft, made.published, made.version) == (PIRATE, None, 0)


async def test_what_is_published_stays_while_the_draft_changes(store: Store, clock: Clock) -> None:
    made = await store.of("").bots.create("7", PIRATE)
    first = await store.of("").bots.publish(made.id)
    other = BotProfile(name="Captain", tools=(BotTools("ship", ("sail",)),))
    await store.of("").bots.update(made.id, lambda _: other)
    changed = await store.of("").bots.get(made.id)
    assert changed is not None
    assert (changed.draft, changed.published, changed.version) == (other, PIRATE, 1)
    assert (await store.of("").bots.publish(made.id)).published == other
    assert first.published_at is not None


async def test_a_bot_that_is_unpublished_keeps_its_draft(store: Store) -> None:
    made = await store.of("").bots.create("7", PIRATE)
    await store.of("").bots.publish(made.id)
    await store.of("").bots.unpublish(made.id)
    found = await store.of("").bots.get(made.id)
    assert found is not None
    assert (found.draft, found.published, found.published_at) == (PIRATE, None, None)


async def test_the_latest_bot_is_listed_first(store: Store) -> None:
    made = [await store.of("").bots.create("7", PIRATE) for _ in range(3)]
    assert [bot.id for bot in await store.of("").bots.list()] == [bot.id for bot in reversed(made)]


async def test_a_bot_that_is_not_there_cannot_be_changed(store: Store) -> None:
    with pytest.raises(UnknownBot):
        await store.of("").bots.update("1", lambda _: PIRATE)
    with pytest.raises(UnknownBot):
        await store.of("").bots.publish("1")
