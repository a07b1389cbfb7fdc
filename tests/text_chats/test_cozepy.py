"""The unmodified cozepy, synchronous and asynchronous, on conversations and text chats."""

from typing import Any

import pytest
from cozepy import (
    AsyncCoze,
    ChatEventType,
    ChatStatus,
    CozeAPIError,
    Message,
    MessageContentType,
    MessageRole,
    ToolOutput,
)
from cozepy.conversations.message.feedback import FeedbackType

from tests.standins.openai_server import Hang, Say, ToolCallScript, call_tools
from tests.text_chats.conftest import Run, Writing

WEATHER = ToolCallScript("weather", "{}")
QUESTION = Message.build_user_question_text("Why is the sky blue?")
HELLO: dict[str, Any] = {"role": MessageRole.USER, "content": "Hello", "content_type": MessageContentType.TEXT}


async def test_conversations(coze: Run) -> None:
    def ask(client: Any) -> None:
        conversations = client.conversations
        made = conversations.create(messages=[QUESTION], bot_id="plain", name="Sky", meta_data={"k": "v"})
        assert conversations.retrieve(conversation_id=made.id).model_dump() == made.model_dump()
        assert (made.name, made.meta_data, made.last_section_id) == ("Sky", {"k": "v"}, made.id)
        other = conversations.create(bot_id="plain")
        assert [each.id for each in conversations.list(bot_id="plain", page_size=1)] == [other.id, made.id]
        assert conversations.update(conversation_id=made.id, name="Blue").name == "Blue"
        section = conversations.clear(conversation_id=made.id)
        assert conversations.retrieve(conversation_id=made.id).last_section_id == section.id
        conversations.delete(conversation_id=made.id)
        with pytest.raises(CozeAPIError) as gone:
            conversations.retrieve(conversation_id=made.id)
        assert gone.value.code == 4002

    await coze(ask)


async def test_messages_and_feedback(coze: Run, writing: Writing) -> None:
    def ask(client: Any) -> str:
        conversation_id = client.conversations.create().id
        messages = client.conversations.messages
        added = messages.create(conversation_id=conversation_id, **HELLO, meta_data={"a": "b"})
        one = {"conversation_id": conversation_id, "message_id": added.id}
        assert messages.retrieve(**one).meta_data == {"a": "b"}
        assert messages.update(**one, content="Hi").content == "Hi"
        messages.feedback.create(**one, feedback_type=FeedbackType.LIKE, reason_types=["kind"], comment="yes")
        other = messages.create(conversation_id=conversation_id, **HELLO)
        listed = messages.list(conversation_id=conversation_id, order="asc", limit=1)
        assert [each.content for each in listed] == ["Hi", "Hello"]
        assert messages.delete(conversation_id=conversation_id, message_id=other.id).id == other.id
        return str(added.id)

    kept = await writing.store.of("").feedback.get(await coze(ask))
    assert kept is not None
    assert kept.feedback_type == "like"


async def test_a_stream(coze: Run, writing: Writing) -> None:
    writing.model.will(Say("Because ", "of Rayleigh.", thoughts=("Hm.",)))

    def ask(client: Any) -> None:
        stream = client.chat.stream(bot_id="plain", user_id="ada", additional_messages=[QUESTION])
        assert stream.response.logid
        events = list(stream)
        deltas = [each.message for each in events if each.event == ChatEventType.CONVERSATION_MESSAGE_DELTA]
        assert "".join(each.content for each in deltas) == "Because of Rayleigh."
        assert "".join(each.reasoning_content for each in deltas) == "Hm."
        assert events[-1].event == ChatEventType.CONVERSATION_CHAT_COMPLETED
        assert events[-1].chat.usage.token_count == 14

    await coze(ask)


async def test_create_and_poll(coze: Run, writing: Writing) -> None:
    writing.model.will(Say("Rayleigh."))

    def ask(client: Any) -> None:
        polled = client.chat.create_and_poll(bot_id="plain", user_id="ada", additional_messages=[QUESTION])
        assert polled.chat.status == ChatStatus.COMPLETED
        assert next(each.content for each in polled.messages) == "Rayleigh."
        which = {"conversation_id": polled.chat.conversation_id, "chat_id": polled.chat.id}
        assert client.chat.retrieve(**which).usage.token_count == 12
        with pytest.raises(CozeAPIError) as late:
            client.chat.cancel(**which)
        assert late.value.code == 4104

    await coze(ask)


async def test_tools_streamed_and_not(coze: Run, writing: Writing) -> None:
    writing.model.will(call_tools(WEATHER), Say("Sunny."), call_tools(WEATHER), Say("Rain."))
    output = ToolOutput(tool_call_id=WEATHER.id, output="x")

    def waiting(client: Any) -> dict[str, str]:
        *_, last = client.chat.stream(bot_id="tools", user_id="ada", additional_messages=[QUESTION])
        assert last.event == ChatEventType.CONVERSATION_CHAT_REQUIRES_ACTION
        assert last.chat.required_action.submit_tool_outputs.tool_calls[0].function.name == "weather"
        return {"conversation_id": last.chat.conversation_id, "chat_id": last.chat.id}

    def ask(client: Any) -> str:
        streamed = client.chat.submit_tool_outputs(**waiting(client), tool_outputs=[output], stream=True)
        assert list(streamed)[-1].event == ChatEventType.CONVERSATION_CHAT_COMPLETED
        chat = client.chat.submit_tool_outputs(**waiting(client), tool_outputs=[output], stream=False)
        assert chat.status == ChatStatus.IN_PROGRESS
        return str(chat.id)

    await writing.until(await coze(ask), "completed")


async def test_a_cancel(coze: Run, writing: Writing) -> None:
    writing.model.will(Hang())

    def ask(client: Any) -> None:
        chat = client.chat.create(bot_id="plain", user_id="ada", additional_messages=[QUESTION])
        assert chat.status == ChatStatus.IN_PROGRESS
        cancelled = client.chat.cancel(conversation_id=chat.conversation_id, chat_id=chat.id)
        assert cancelled.status == ChatStatus.CANCELED

    await coze(ask)


async def test_a_flow(coze: Run) -> None:
    def ask(client: Any) -> None:
        stream = client.workflows.chat.stream(workflow_id="orders", additional_messages=[QUESTION])
        events = list(stream)
        assert events[-1].event == ChatEventType.CONVERSATION_CHAT_COMPLETED
        with pytest.raises(CozeAPIError) as unknown:
            list(client.workflows.chat.stream(workflow_id="9", additional_messages=[QUESTION]))
        assert unknown.value.code == 4200

    await coze(ask)


async def test_the_asynchronous_client(async_coze: AsyncCoze, writing: Writing) -> None:
    writing.model.will(Say("Rayleigh."), Say("Tyndall."))
    conversations, chat = async_coze.conversations, async_coze.chat
    made = await conversations.create(bot_id="plain", meta_data={"k": "v"})
    where: dict[str, Any] = {"conversation_id": made.id}
    added = await conversations.messages.create(**where, **HELLO)
    asking = {"bot_id": "plain", "user_id": "ada", "additional_messages": [QUESTION], **where}
    events = [event async for event in chat.stream(**asking)]
    assert events[-1].event == ChatEventType.CONVERSATION_CHAT_COMPLETED
    created = await chat.create(**asking)
    assert created.status == ChatStatus.IN_PROGRESS
    await writing.until(created.id, "completed")
    assert (await chat.retrieve(**where, chat_id=created.id)).usage is not None
    assert next(each.content for each in await chat.messages.list(**where, chat_id=created.id)) == "Tyndall."
    with pytest.raises(CozeAPIError) as late:
        await chat.cancel(**where, chat_id=created.id)
    assert late.value.code == 4104
    listed = [each.content async for each in await conversations.messages.list(**where, limit=2)]
    assert listed == ["Tyndall.", QUESTION.content, "Rayleigh.", QUESTION.content, "Hello"]
    assert [each.id async for each in await conversations.list(bot_id="plain")] == [made.id]
    await conversations.messages.feedback.create(**where, message_id=added.id, feedback_type=FeedbackType.UNLIKE)
    await conversations.messages.feedback.delete(**where, message_id=added.id)
    await conversations.clear(**where)
    await conversations.update(**where, name="Sky")
    await conversations.delete(**where)
    flow = async_coze.workflows.chat.stream(workflow_id="orders", additional_messages=[QUESTION])
    assert [event async for event in flow][-1].event == ChatEventType.CONVERSATION_CHAT_COMPLETED
