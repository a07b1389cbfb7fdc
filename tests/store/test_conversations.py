import pytest

from kouyu.store.errors import UnknownConversation
from kouyu.store.store import Store
from tests.store.clock import Clock
from tests.store.said import answer, chat, message


async def test_a_fresh_conversation_has_a_section_of_its_own_id(store: Store) -> None:
    record = await store.of("").conversations.create_if_missing("c", "bot", "user", name="first", meta_data={"k": "v"})
    assert record.section_id == "c"
    assert record == await store.of("").conversations.get("c")
    assert (record.bot_id, record.user_id, record.name, record.meta_data) == ("bot", "user", "first", {"k": "v"})
    assert record.created_at == record.updated_at == 1_800_000_000


async def test_creating_it_again_changes_nothing(store: Store) -> None:
    first = await store.of("").conversations.create_if_missing("c", "bot", "user")
    await store.of("").conversations.set_section("c", "s2")
    again = await store.of("").conversations.create_if_missing("c", "other", "other")
    assert (again.bot_id, again.user_id, again.section_id) == (first.bot_id, first.user_id, "s2")


async def test_a_new_section_and_a_name_are_kept_with_their_time(store: Store, clock: Clock) -> None:
    await store.of("").conversations.create_if_missing("c", "bot")
    clock.now += 5
    await store.of("").conversations.set_section("c", "s2")
    await store.of("").conversations.rename("c", "talk")
    record = await store.of("").conversations.get("c")
    assert record is not None
    assert (record.section_id, record.name) == ("s2", "talk")
    assert record.updated_at == record.created_at + 5


async def test_a_conversation_that_is_not_there_has_no_section_and_no_name(store: Store) -> None:
    assert await store.of("").conversations.get("none") is None
    with pytest.raises(UnknownConversation):
        await store.of("").conversations.set_section("none", "s")
    with pytest.raises(UnknownConversation):
        await store.of("").conversations.rename("none", "name")


async def test_its_messages_and_chats_go_with_a_deleted_conversation(store: Store) -> None:
    for conversation_id in ("c", "other"):
        await store.of("").conversations.create_if_missing(conversation_id, "bot")
        await store.of("").messages.add(message(f"m-{conversation_id}", conversation_id=conversation_id), 1)
        await store.of("").chats.put(chat(f"chat-{conversation_id}", conversation_id=conversation_id))
    assert await store.of("").conversations.delete("c")
    assert not await store.of("").conversations.delete("c")
    assert await store.of("").messages.get("c", "m-c") is None
    assert await store.of("").chats.get("chat-c") is None
    assert await store.of("").messages.get("other", "m-other") is not None
    assert await store.of("").chats.get("chat-other") is not None


async def test_nothing_can_be_saved_into_a_deleted_conversation(store: Store) -> None:
    with pytest.raises(UnknownConversation):
        await store.of("").messages.add(answer("m"), 1)
    with pytest.raises(UnknownConversation):
        await store.of("").chats.put(chat("chat"))


async def test_pages_are_in_order_of_creation_and_a_page_past_the_end_is_empty(store: Store, clock: Clock) -> None:
    for number in range(5):
        clock.now += 1
        await store.of("").conversations.create_if_missing(f"c{number}", "bot", "even" if number % 2 == 0 else "odd")
    await store.of("").conversations.create_if_missing("elsewhere", "another bot")

    async def page(number: int, **options: object) -> tuple[list[str], bool]:
        found = await store.of("").conversations.list_by_bot("bot", page_num=number, page_size=2, **options)  # type: ignore[arg-type]
        return [record.id for record in found.conversations], found.has_more

    assert await page(1) == (["c4", "c3"], True)
    assert await page(2) == (["c2", "c1"], True)
    assert await page(3) == (["c0"], False)
    assert await page(4) == ([], False)
    assert await page(1, order="asc") == (["c0", "c1"], True)
    assert await page(1, user_id="odd") == (["c3", "c1"], False)


async def test_pages_count_from_one(store: Store) -> None:
    with pytest.raises(ValueError, match="from 1"):
        await store.of("").conversations.list_by_bot("bot", page_num=0)
