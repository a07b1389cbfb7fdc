"""The fields of the smaller uplink events."""

import base64
import json
from typing import Any

import httpx
import pytest

from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import measuring, uploads
from tests.fields.spoken import push, question, said
from tests.standins.openai_server import OpenAIStandIn, Say, ToolCallScript, call_tools
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


async def fault(talk: Talk, event_type: str, data: dict[str, Any]) -> str:
    """What the error says that answers this event."""
    count = talk.types.count("error") + 1
    await talk.client.send(event_type, data)
    return str((await talk.until("error", count=count)).data["msg"])


async def test_delta(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Base64 audio in the configured format; what is no base64, or no audio, is an error that says so."""
    async with talking(measuring_server) as talk:
        await talk.configure()
        heard = recogniser.behind(await push(talk, uploads.pcm(question())))
        assert measuring.sounding_s(heard.audio, 16_000) > 1.2
        for wrong in ("not base64!", 7, None):
            assert "data.delta" in await fault(talk, "input_audio_buffer.append", {"delta": wrong})
        await talk.configure(input_audio={"codec": "opus"})
        no_packet = base64.b64encode(b"\xff\xff\xff\xff").decode()
        assert "not an Opus packet" in await fault(talk, "input_audio_buffer.append", {"delta": no_packet})
        heard = recogniser.behind(await push(talk, uploads.opus_packets(question())))
        assert measuring.sounding_s(heard.audio, 16_000) > 1.2


def message(content: str, content_type: str = "text", role: str = "user") -> dict[str, str]:
    return {"role": role, "content_type": content_type, "content": content}


async def test_role(measuring_server: RunningServer) -> None:
    """user: a chat and a spoken reply. assistant: neither."""
    async with talking(measuring_server) as talk:
        await talk.client.send("conversation.message.create", message("I said this.", role="assistant"))
        await talk.client.send("conversation.message.create", message("hello"))
        await talk.until("conversation.chat.completed")
        assert talk.events[1].data["type"] == "question"
        assert talk.types.count("conversation.chat.created") == 1
        assert "conversation.chat.canceled" not in talk.types
        assert len(talk.audio()) > 10_000
        told = await fault(talk, "conversation.message.create", message("hello", role="system"))
        assert told.startswith("data.role")


async def test_content_type(measuring_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """The same words as text and as a list of parts."""
    async with talking(measuring_server) as talk:
        parts = json.dumps([{"type": "text", "text": "hello"}])
        for content_type, content in (("text", "hello"), ("object_string", parts)):
            count = talk.types.count("conversation.chat.completed") + 1
            await talk.client.send("conversation.clear")
            await talk.client.send("conversation.message.create", message(content, content_type))
            await talk.until("conversation.chat.completed", count=count)
            assert language_model.requests[-1].messages[-1]["content"] == "hello"
            echo = [e.data for e in talk.events if e.type == "conversation.message.completed"][-3]
            assert (echo["type"], echo["content"], echo["content_type"]) == ("question", content, content_type)
        told = await fault(talk, "conversation.message.create", message("hello", "card"))
        assert told.startswith("data.content_type")


async def uploaded(server: RunningServer, name: str, content: bytes) -> str:
    """The id of a file that a client has uploaded."""
    async with httpx.AsyncClient(base_url=server.http, headers={"Authorization": f"Bearer {server.token}"}) as http:
        answer = await http.post("/v1/files/upload", files={"file": (name, content)})
    return str(answer.json()["data"]["id"])


async def test_content(measuring_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """Text, a picture and a document reach the model, files by id; parts that are none are refused."""
    picture = await uploaded(measuring_server, "cat.png", PNG)
    document = await uploaded(measuring_server, "menu.txt", b"Soup of the day: leek.")
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "file_id": picture},
        {"type": "file", "file_id": document},
        {"type": "file", "file_url": "http://127.0.0.1:9/private.txt"},
    ]
    async with talking(measuring_server) as talk:
        for wrong in ("[]", "no JSON", '[{"type": "video"}]', '[{"type": "image"}]'):
            told = await fault(talk, "conversation.message.create", message(wrong, "object_string"))
            assert told.startswith("data.content")
        language_model.will(Say("A cat."))
        await talk.client.send("conversation.message.create", message(json.dumps(parts), "object_string"))
        await talk.until("conversation.chat.completed")
        assert talk.answers() == ["A cat."]
    text, image, menu, private = language_model.requests[-1].messages[-1]["content"]
    assert text == {"type": "text", "text": "What is this?"}
    assert image["image_url"]["url"] == "data:image/png;base64," + base64.b64encode(PNG).decode()
    assert "Soup of the day: leek." in menu["text"]
    assert "could not be read" in private["text"]


async def waiting_chat(talk: Talk, language_model: OpenAIStandIn, *call_ids: str) -> str:
    """A chat that waits for these calls; its id."""
    language_model.will(call_tools(*(ToolCallScript("weather", "{}", call_id) for call_id in call_ids)))
    count = talk.types.count("conversation.chat.requires_action") + 1
    await talk.write("What is the weather?")
    return str((await talk.until("conversation.chat.requires_action", count=count)).data["id"])


def outputs(chat_id: str, **given: str) -> dict[str, Any]:
    return {
        "chat_id": chat_id,
        "tool_outputs": [{"tool_call_id": call_id, "output": output} for call_id, output in given.items()],
    }


SUBMIT = "conversation.chat.submit_tool_outputs"


async def test_chat_id(measuring_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """The chat that asked goes on; outputs for another are an error that names the right one."""
    async with talking(measuring_server) as talk:
        chat_id = await waiting_chat(talk, language_model, "call_1")
        assert chat_id in await fault(talk, SUBMIT, outputs("123", call_1="sunny"))
        await talk.client.send(SUBMIT, outputs(chat_id, call_1="sunny"))
        assert (await talk.until("conversation.chat.completed")).data["id"] == chat_id


async def test_tool_outputs(measuring_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """Several calls, one output each, in any order; one that is missing is named, and the chat waits on."""
    async with talking(measuring_server) as talk:
        chat_id = await waiting_chat(talk, language_model, "call_1", "call_2")
        assert "call_2" in await fault(talk, SUBMIT, outputs(chat_id, call_1="sunny"))
        await talk.client.send(SUBMIT, outputs(chat_id, call_2="rainy", call_1="sunny"))
        await talk.until("conversation.chat.completed")
    told = [(m["tool_call_id"], m["content"]) for m in language_model.requests[-1].messages if m["role"] == "tool"]
    assert told == [("call_1", "sunny"), ("call_2", "rainy")]


async def test_tool_call_id(measuring_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """Says which call an output is of; one that nobody asked for is an error that names those that wait."""
    async with talking(measuring_server) as talk:
        chat_id = await waiting_chat(talk, language_model, "call_1")
        told = await fault(talk, SUBMIT, outputs(chat_id, call_9="sunny"))
        assert "tool_call_id" in told
        assert "call_1" in told
        await talk.client.send(SUBMIT, outputs(chat_id, call_1="sunny"))
        await talk.until("conversation.chat.completed")
    assert language_model.requests[-1].messages[-1]["tool_call_id"] == "call_1"


async def test_output(measuring_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """What the tool gave reaches the model word for word, and the reply to it is spoken."""
    async with talking(measuring_server) as talk:
        chat_id = await waiting_chat(talk, language_model, "call_1")
        wrong = {"chat_id": chat_id, "tool_outputs": [{"tool_call_id": "call_1", "output": {"sky": "blue"}}]}
        assert "data.tool_outputs[0].output" in await fault(talk, SUBMIT, wrong)
        await talk.client.send(SUBMIT, outputs(chat_id, call_1='{"sky": "晴"}'))
        await talk.until("conversation.chat.completed")
        assert language_model.requests[-1].messages[-1]["content"] == '{"sky": "晴"}'
        assert len(talk.audio()) > 10_000


async def test_mode(measuring_server: RunningServer) -> None:
    """Only ``text``; anything else is refused."""
    async with talking(measuring_server) as talk:
        assert await said(talk, "Hello.")
        for wrong in ("ssml", None):
            told = await fault(talk, "input_text.generate_audio", {"mode": wrong, "text": "Hello."})
            assert told.startswith("data.mode")


async def test_text(measuring_server: RunningServer) -> None:
    """1 to 1024 bytes are spoken: a longer text takes longer."""
    async with talking(measuring_server) as talk:
        lengths = []
        for text in ("Hello.", "Hello there, are you still there, or have you gone away?"):
            sound = measuring.pcm(b"".join(event.audio for event in await said(talk, text)))
            lengths.append(measuring.sounding_s(sound, 24_000))
        assert lengths[1] > 3 * lengths[0]
        texts = [e.data["text"] for e in talk.events if e.type == "conversation.audio.sentence_start"]
        assert " ".join(texts) == "Hello. Hello there, are you still there, or have you gone away?"
        for wrong, named in (("", "0 bytes"), ("字" * 342, "1026 bytes"), (None, "required")):
            told = await fault(talk, "input_text.generate_audio", {"mode": "text", "text": wrong})
            assert told.startswith("data.text")
            assert named in told
