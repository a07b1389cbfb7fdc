"""Variables of each user."""

from kouyu.store.store import Store
from tests.store.clock import Clock


async def test_a_value_takes_the_place_of_the_one_before_and_keeps_its_first_time(store: Store, clock: Clock) -> None:
    await store.of("").variables.set("bot", "ada", {"city": "Rome"})
    before = (await store.of("").variables.list("bot", "ada"))[0]
    clock.now += 10
    await store.of("").variables.set("bot", "ada", {"city": "Oslo"})
    (after,) = await store.of("").variables.list("bot", "ada")
    assert (after.value, after.created_at, after.updated_at) == ("Oslo", before.created_at, before.created_at + 10)


async def test_each_user_of_each_bot_has_values_of_their_own(store: Store) -> None:
    await store.of("").variables.set("bot", "ada", {"city": "Rome"})
    await store.of("").variables.set("bot", "bob", {"city": "Oslo"})
    await store.of("").variables.set("other", "ada", {"city": "Bern"})
    assert await store.of("").variables.values("bot", "ada") == {"city": "Rome"}


async def test_one_can_ask_for_some_of_them(store: Store) -> None:
    await store.of("").variables.set("bot", "ada", {"city": "Rome", "mood": "calm", "food": "rice"})
    found = await store.of("").variables.list("bot", "ada", ["mood", "city", "unheard_of"])
    assert [record.keyword for record in found] == ["city", "mood"]


async def test_chats_without_a_user_have_values_too(store: Store) -> None:
    await store.of("").variables.set("bot", "", {"city": "Rome"})
    assert await store.of("").variables.values("bot", "") == {"city": "Rome"}
    assert await store.of("").variables.values("bot", "ada") == {}
