import uuid
from itertools import pairwise

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kouyu.domain.ids import NO_ID
from kouyu.store.errors import UnknownMessage
from kouyu.store.message_writes import AddMessage, PlaceMessage
from kouyu.store.messages import Order
from kouyu.store.store import Store
from tests.store.said import answer, chat, message


@pytest.fixture(autouse=True)
async def conversation(store: Store) -> None:
    await store.of("").conversations.create_if_missing("c", "bot", "user")


async def context(store: Store, limit: int = 100, section_id: str = "c") -> list[tuple[str, str]]:
    return [(kept.id, kept.content) for kept in await store.of("").messages.context("c", section_id, limit)]


async def test_a_message_is_kept_as_it_was(store: Store) -> None:
    said = msgspec.structs.replace(answer("m", "多喝水 \U0001f4a7"), meta_data={"k": "v"}, reasoning_content="hm")
    await store.of("").messages.add(said, 1_700_000_000)
    kept = await store.of("").messages.get("c", "m")
    assert kept is not None
    for field in said.__struct_fields__:
        assert getattr(kept, field) == getattr(said, field)
    assert (kept.created_at, kept.updated_at, kept.heard) == (1_700_000_000, 1_700_000_000, None)


async def test_a_message_belongs_to_its_conversation_only(store: Store) -> None:
    await store.of("").messages.add(message("m"), 1)
    assert await store.of("").messages.get("other", "m") is None
    assert await store.of("").messages.modify("other", "m", content="x") is None
    assert await store.of("").messages.delete("other", "m") is None


async def test_adding_a_message_twice_is_adding_it_once(store: Store) -> None:
    await store.of("").messages.add(message("1"), 10)
    first = await store.of("").messages.get("c", "1")
    await store.of("").messages.add(message("1"), 10)
    assert await store.of("").messages.get("c", "1") == first
    assert len((await store.of("").messages.list("c")).messages) == 1


async def test_new_content_for_a_message_leaves_its_place_its_first_time_and_what_was_heard(store: Store) -> None:
    await store.of("").messages.add(answer("1", "one"), 10)
    await store.of("").messages.trim("1", "o")
    await store.of("").messages.add(message("2"), 11)
    await store.of("").messages.add(answer("1", "one and more"), 12)
    kept = await store.of("").messages.get("c", "1")
    assert kept is not None
    assert (kept.content, kept.heard, kept.created_at, kept.updated_at) == ("one and more", "o", 10, 12)
    assert [each.id for each in (await store.of("").messages.list("c", order="asc")).messages] == ["1", "2"]


async def test_the_context_is_the_last_messages_of_the_section_oldest_first(store: Store) -> None:
    for number in range(6):
        await store.of("").messages.add(message(str(number), f"said {number}"), 1)
    assert await context(store, limit=2) == [("4", "said 4"), ("5", "said 5")]


async def test_a_new_section_begins_without_context_and_the_old_messages_stay_listed(store: Store) -> None:
    await store.of("").messages.add(message("old"), 1)
    await store.of("").conversations.set_section("c", "s2")
    await store.of("").messages.add(message("new", section_id="s2"), 2)
    assert await context(store, section_id="s2") == [("new", "hello")]
    assert [each.id for each in (await store.of("").messages.list("c")).messages] == ["new", "old"]


async def test_the_context_has_an_answer_as_it_was_heard_and_the_record_the_whole(store: Store) -> None:
    await store.of("").messages.add(answer("1", "It is sunny. Tomorrow it rains."), 1)
    await store.of("").messages.trim("1", "It is sunny.")
    await store.of("").messages.add(answer("2", "Never heard."), 1)
    await store.of("").messages.trim("2", "")
    assert await context(store) == [("1", "It is sunny.")]
    listed = (await store.of("").messages.list("c", order="asc")).messages
    assert [each.content for each in listed] == ["It is sunny. Tomorrow it rains.", "Never heard."]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (NO_ID, ["new", "1", "2", "3"]),
        ("1", ["1", "new", "2", "3"]),
        ("3", ["1", "2", "3", "new"]),
        ("unknown", ["1", "2", "3", "new"]),
        ("elsewhere", ["1", "2", "3", "new"]),
    ],
)
async def test_a_message_is_placed_behind_another_of_its_section(store: Store, after: str, expected: list[str]) -> None:
    own = store.of("")
    await own.messages.add(message("elsewhere", section_id="s2"), 1)
    for known in ("1", "2", "3"):
        await own.messages.add(message(known), 1)
    for _ in range(2):  # the second time it does no harm
        await own.write(AddMessage(message("new"), 1), PlaceMessage("new", after))
    await own.messages.add(message("4"), 1)
    assert [kept for kept, _ in await context(store)] == [*expected, "4"]
    assert await context(store, section_id="s2") == [("elsewhere", "hello")]


async def test_a_system_message_is_context_and_in_no_list(store: Store) -> None:
    await store.of("").messages.add(message("1", "Be brief.", role="system", type=""), 1)
    assert await context(store) == [("1", "Be brief.")]
    assert (await store.of("").messages.list("c")).messages == ()


async def test_an_answer_modified_by_hand_counts_as_heard(store: Store) -> None:
    await store.of("").messages.add(answer("1", "It is sunny."), 1)
    await store.of("").messages.trim("1", "It")
    modified = await store.of("").messages.modify("c", "1", content="It rains.", meta_data={"k": "v"})
    assert modified is not None
    assert (modified.content, modified.content_type, modified.meta_data) == ("It rains.", "text", {"k": "v"})
    assert await context(store) == [("1", "It rains.")]


async def test_trimming_a_message_that_is_not_there_is_no_fault(store: Store) -> None:
    await store.of("").messages.trim("none", "")


async def test_questions_answers_and_inserted_messages_are_listed_and_tools_are_context_too(store: Store) -> None:
    types = ("question", "answer", "", "verbose", "function_call", "tool_output", "tool_response", "follow_up")
    for kind in types:
        await store.of("").messages.add(message(f"m-{kind}", type=kind), 1)  # type: ignore[arg-type]
    expected = ["m-question", "m-answer", "m-"]
    of_tools = ["m-function_call", "m-tool_output", "m-tool_response"]
    assert [each for each, _ in await context(store)] == [*expected, *of_tools]
    said = await store.of("").messages.last_said("c", "c")
    assert said is not None
    assert said.id == "m-"
    assert [each.id for each in (await store.of("").messages.list("c", order="asc")).messages] == expected
    assert [each.type for each in await store.of("").messages.of_chat("chat")] == list(types)


async def test_messages_of_an_excluded_chat_are_never_context(store: Store) -> None:
    await store.of("").messages.add(message("1", chat_id="secret"), 1)
    await store.of("").chats.put(chat("secret"), excluded=True)
    await store.of("").messages.add(answer("2", chat_id="secret"), 1)
    await store.of("").chats.put(chat("secret", "completed"))
    await store.of("").messages.add(message("3", chat_id="open"), 1)
    await store.of("").chats.put(chat("open"))
    await store.of("").messages.add(message("4", chat_id="not saved yet"), 1)
    assert [each for each, _ in await context(store)] == ["3", "4"]


async def test_deleting_a_message_returns_it_once(store: Store) -> None:
    await store.of("").messages.add(message("m", "bye"), 1)
    deleted = await store.of("").messages.delete("c", "m")
    assert deleted is not None
    assert deleted.content == "bye"
    assert await store.of("").messages.delete("c", "m") is None


async def test_a_list_can_be_of_one_chat(store: Store) -> None:
    await store.of("").messages.add(message("1", chat_id="a"), 1)
    await store.of("").messages.add(message("2", chat_id="b"), 1)
    assert [each.id for each in (await store.of("").messages.list("c", chat_id="b")).messages] == ["2"]


async def test_before_and_after_are_meant_in_the_order_asked_for(store: Store) -> None:
    for number in range(7):
        await store.of("").messages.add(message(str(number)), 1)

    async def ids(order: Order, **where: str) -> tuple[str, bool]:
        page = await store.of("").messages.list("c", limit=2, order=order, **where)
        return "".join(each.id for each in page.messages), page.has_more

    assert await ids("desc") == ("65", True)
    assert await ids("desc", after_id="5") == ("43", True)
    assert await ids("desc", after_id="2") == ("10", False)
    assert await ids("desc", after_id="0") == ("", False)
    assert await ids("desc", before_id="3") == ("54", True)
    assert await ids("asc", before_id="3") == ("12", True)
    assert await ids("asc", before_id="2") == ("01", False)
    assert await ids("asc", after_id="1", before_id="4") == ("23", False)
    assert await ids("asc", after_id="0", before_id="4") == ("12", True)
    assert await ids("asc", after_id="4", before_id="1") == ("", False)


async def test_an_empty_list_has_empty_first_and_last_ids(store: Store) -> None:
    page = await store.of("").messages.list("c")
    assert (page.messages, page.first_id, page.last_id, page.has_more) == ((), "", "", False)


async def test_a_list_cannot_start_at_a_message_of_another_conversation(store: Store) -> None:
    await store.of("").conversations.create_if_missing("d", "bot")
    await store.of("").messages.add(message("m", conversation_id="d"), 1)
    with pytest.raises(UnknownMessage):
        await store.of("").messages.list("c", after_id="m")


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    count=st.integers(0, 12), limit=st.integers(1, 5), order=st.sampled_from(["asc", "desc"]), forwards=st.booleans()
)
async def test_pages_one_after_another_are_everything_once(
    store: Store, count: int, limit: int, order: Order, forwards: bool
) -> None:
    conversation_id = uuid.uuid4().hex
    await store.of("").conversations.create_if_missing(conversation_id, "bot")
    ids = [f"{conversation_id}-{number}" for number in range(count)]
    await store.of("").write(*(AddMessage(message(each, conversation_id=conversation_id), 1) for each in ids))

    pages = [await store.of("").messages.list(conversation_id, limit=limit, order=order)]
    while forwards and pages[-1].has_more:
        pages.append(
            await store.of("").messages.list(conversation_id, limit=limit, order=order, after_id=pages[-1].last_id)
        )
    if not forwards and ids:
        # From the far end back: the last message itself has no page that ends behind it, so it is added by hand.
        end = ids[-1] if order == "asc" else ids[0]
        last = await store.of("").messages.get(conversation_id, end)
        assert last is not None
        pages = [await store.of("").messages.list(conversation_id, limit=limit, order=order, before_id=end)]
        while pages[0].has_more:
            first_id = pages[0].first_id
            pages.insert(
                0, await store.of("").messages.list(conversation_id, limit=limit, order=order, before_id=first_id)
            )
        listed = [each for page in pages for each in page.messages] + [last]
    else:
        listed = [each for page in pages for each in page.messages]
    assert [each.id for each in listed] == (ids if order == "asc" else ids[::-1])
    assert all((a.seq < b.seq) == (order == "asc") for a, b in pairwise(listed))


async def test_another_users_chats_are_no_context_and_nobodys_are(store: Store) -> None:
    for user_id, chat_id in (("anna", "1"), ("ben", "2"), ("", "3")):
        await store.of("").chats.put(chat(chat_id, "completed"), user_id)
        await store.of("").messages.add(msgspec.structs.replace(message(f"m{chat_id}"), chat_id=chat_id), 1)
    for user_id, seen in (("anna", ["m1", "m3"]), ("ben", ["m2", "m3"]), ("", ["m1", "m2", "m3"])):
        messages = await store.of("").messages.context("c", "c", 10, user_id=user_id)
        assert [kept.id for kept in messages] == seen
