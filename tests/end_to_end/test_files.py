"""Pictures and documents in messages, uploaded with cozepy; and what of a conversation can be viewed with it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from cozepy import Coze, SyncHTTPClient, TokenAuth

from tests.end_to_end.conftest import AnsweringServer
from tests.end_to_end.conversing import Talk, talking
from tests.standins.openai_server import Say, ToolCallScript, call_tools

pytestmark = pytest.mark.models

PNG = b"\x89PNG\r\n\x1a\n and so on"


async def with_cozepy(answering: AnsweringServer, ask: Callable[[Coze], Any]) -> Any:
    with SyncHTTPClient(trust_env=False) as http:
        coze = Coze(TokenAuth(answering.server.token), base_url=answering.server.http, http_client=http)
        return await asyncio.to_thread(ask, coze)


async def send(talk: Talk, *parts: dict[str, str]) -> None:
    """A message of several parts, and its answer."""
    message = {"role": "user", "content_type": "object_string", "content": json.dumps(parts)}
    count = talk.types.count("conversation.chat.completed") + 1
    await talk.client.send("conversation.message.create", message)
    await talk.until("conversation.chat.completed", count=count)


async def test_an_uploaded_document_is_read_to_the_model(answering: AnsweringServer) -> None:
    notes = await with_cozepy(answering, lambda coze: coze.files.upload(file=("notes.md", b"# The code is 1234")))
    async with talking(answering.server) as talk:
        await send(talk, {"type": "text", "text": "What is the code?"}, {"type": "file", "file_id": notes.id})
        await talk.ask("And again?")
    asked = answering.language_model.requests[-1].messages
    assert asked[1]["content"] == "What is the code?\n[the file notes.md]\n# The code is 1234\n[end of the file]"
    assert asked[-1]["content"] == "And again?"


async def test_an_uploaded_picture_is_shown_to_a_model_that_sees(answering: AnsweringServer) -> None:
    picture = await with_cozepy(answering, lambda coze: coze.files.upload(file=("cat.png", PNG)))
    for bot_id in ("seeing", "tools"):
        answering.language_model.will(Say("A cat."))
        async with talking(answering.server, bot_id=bot_id) as talk:
            await send(talk, {"type": "text", "text": "What is it?"}, {"type": "image", "file_id": picture.id})
    seeing, blind = (request.messages[-1]["content"] for request in answering.language_model.requests[-2:])
    assert seeing[1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert blind == "What is it?\n[an image that you cannot see]"


async def test_a_picture_that_a_clients_tool_uploads_is_seen(answering: AnsweringServer) -> None:
    picture = await with_cozepy(answering, lambda coze: coze.files.upload(file=("seen.png", PNG)))
    look = ToolCallScript("look", "{}")
    answering.language_model.will(call_tools(look), Say("A cat."), Say("Black."))
    async with talking(answering.server, bot_id="seeing") as talk:
        await talk.write("What do I see?")
        waiting = await talk.until("conversation.chat.requires_action")
        outputs = [{"tool_call_id": look.id, "output": json.dumps({"image": picture.id})}]
        submitted = {"chat_id": waiting.data["id"], "tool_outputs": outputs}
        await talk.client.send("conversation.chat.submit_tool_outputs", submitted)
        await talk.until("conversation.chat.completed")
        await talk.ask("Which colour?")
    during, later = (request.messages for request in answering.language_model.requests[-2:])
    assert during[-1]["content"][-1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert later[: len(during)] == during


async def test_meta_data_and_messages_can_be_viewed_afterwards(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Good day."))
    async with talking(answering.server) as talk:
        await talk.configure(chat_config={"meta_data": {"order": "42"}})
        await talk.ask("hello")
        chat = next(event.data for event in talk.events if event.type == "conversation.chat.created")
    ids = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    said = await with_cozepy(answering, lambda coze: list(coze.conversations.messages.list(**ids)))
    assert [(each.role.value, each.content, each.meta_data) for each in said] == [
        ("assistant", "Good day.", {"order": "42"}),
        ("user", "hello", {"order": "42"}),
    ]
    of_chat = await with_cozepy(answering, lambda coze: list(coze.chat.messages.list(**ids)))
    assert [each.type.value for each in of_chat] == ["answer", "verbose"]
    assert of_chat[0].meta_data == {"order": "42"}
