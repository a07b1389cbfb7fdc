from pathlib import Path

import msgspec

from kouyu.domain.chats import ChatStatus, LastError, RequiredAction, SubmitToolOutputs, Usage
from kouyu.domain.tool_calls import Function, ToolCall
from kouyu.store.chats import PutChat
from kouyu.store.conversations import CreateConversation
from kouyu.store.store import Store
from tests.store.said import chat

CONVERSATION = CreateConversation(id="c", bot_id="bot", created_at=1)


async def test_a_chat_is_kept_as_last_saved(store: Store) -> None:
    await store.of("").write(CONVERSATION, PutChat(chat("1"), user_id="user"))
    created = await store.of("").chats.get("1")
    assert created is not None
    assert (created.status, created.usage, created.completed_at, created.user_id) == ("created", Usage(), None, "user")

    call = ToolCall(id="t", function=Function("weather", '{"city":"北京"}'))
    action = RequiredAction(submit_tool_outputs=SubmitToolOutputs((call,)))
    await store.of("").chats.put(msgspec.structs.replace(chat("1", "requires_action"), required_action=action))
    waiting = await store.of("").chats.get("1")
    assert waiting is not None
    assert (waiting.required_action, waiting.user_id) == (action, "user")

    usage = Usage(token_count=3, input_count=1, output_count=2)
    await store.of("").chats.put(
        msgspec.structs.replace(chat("1", "completed"), usage=usage, completed_at=7, meta_data={"k": "v"})
    )
    completed = await store.of("").chats.get("1")
    assert completed is not None
    assert (completed.status, completed.usage, completed.completed_at) == ("completed", usage, 7)
    assert (completed.required_action, completed.meta_data) == (None, {"k": "v"})


async def test_a_failed_chat_keeps_why(store: Store) -> None:
    error = LastError(5000, "the model is away")
    await store.of("").write(
        CONVERSATION, PutChat(msgspec.structs.replace(chat("1", "failed"), last_error=error, failed_at=9))
    )
    failed = await store.of("").chats.get("1")
    assert failed is not None
    assert (failed.last_error, failed.failed_at) == (error, 9)


async def test_chats_left_open_by_a_stop_are_failed_when_the_store_opens_again(
    store: Store, location: str | Path
) -> None:
    left: tuple[ChatStatus, ...] = ("created", "in_progress", "requires_action", "completed", "canceled")
    await store.of("").write(CONVERSATION, *(PutChat(chat(status, status)) for status in left))
    async with await Store.open(location, clock=lambda: 1_900_000_000) as reopened:
        for status in ("created", "in_progress", "requires_action"):
            found = await reopened.of("").chats.get(status)
            assert found is not None
            assert (found.status, found.failed_at) == ("failed", 1_900_000_000)
            assert found.last_error is not None
            assert found.last_error.msg == "the server stopped in the middle of this chat"
        for status in ("completed", "canceled"):
            found = await reopened.of("").chats.get(status)
            assert found is not None
            assert (found.status, found.last_error) == (status, None)


async def test_a_program_beside_the_server_leaves_its_open_chats_alone(store: Store, location: str | Path) -> None:
    await store.of("").write(CONVERSATION, PutChat(chat("1", "in_progress")))
    async with await Store.open(location, recover=False) as beside:
        found = await beside.of("").chats.get("1")
    assert found is not None
    assert found.status == "in_progress"


async def test_a_chat_runs_until_it_ends_or_waits_for_the_client(store: Store) -> None:
    await store.of("").write(CONVERSATION, PutChat(chat("1", "completed")), PutChat(chat("2", "in_progress")))
    assert await store.of("").chats.running_in("c") == "2"
    await store.of("").chats.put(chat("2", "requires_action"))
    assert await store.of("").chats.running_in("c") is None
