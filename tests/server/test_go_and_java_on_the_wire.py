"""What coze-go and coze-java alone send, or alone rely on, as bytes on a real connection to a running server."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.end_to_end.running_server import RunningServer
from tests.standins.openai_server import OpenAIStandIn, Refuse

pytestmark = pytest.mark.models

PATIENCE_S = 60


@asynccontextmanager
async def connected(server: RunningServer, path: str = "/v1/chat?bot_id=scripted") -> AsyncIterator[ClientConnection]:
    """A socket as coze-go opens it: no offer of compression, no keepalive."""
    url = server.http.replace("http", "ws", 1) + path
    header = {"Authorization": f"Bearer {server.token}"}
    async with connect(url, additional_headers=header, compression=None, ping_interval=None) as socket:
        yield socket


async def until(socket: ClientConnection, *types: str) -> list[dict[str, Any]]:
    """All events up to the first of one of these types."""
    events: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S):
        while not events or events[-1]["event_type"] not in types:
            events.append(json.loads(await socket.recv()))
    return events


def rest(server: RunningServer) -> httpx.AsyncClient:
    """A client of the REST resources."""
    header = {"Authorization": f"Bearer {server.token}"}
    return httpx.AsyncClient(base_url=server.http, headers=header, timeout=PATIENCE_S)


QUESTION = {"role": "user", "content_type": "text", "content": "hello"}


async def test_go_sends_neither_ids_nor_data_where_there_is_none(scripted_server: RunningServer) -> None:
    async with connected(scripted_server) as socket:
        for event_type, answer in (
            ("input_audio_buffer.clear", "input_audio_buffer.cleared"),
            ("input_audio_buffer.complete", "input_audio_buffer.completed"),
            ("conversation.clear", "conversation.cleared"),
        ):
            await socket.send(json.dumps({"event_type": event_type}))
            events = await until(socket, answer, "error")
            assert events[-1]["event_type"] == answer
            assert "data" not in events[-1]


async def test_go_reads_times_as_numbers_the_moment_as_a_text_and_audio_as_base64(
    scripted_server: RunningServer,
) -> None:
    async with connected(scripted_server) as socket:
        await socket.send(json.dumps({"event_type": "conversation.message.create", "data": QUESTION}))
        events = await until(socket, "conversation.chat.completed", "conversation.chat.failed")
    assert events[-1]["event_type"] == "conversation.chat.completed"
    assert all(isinstance(event["detail"]["respond_at"], str) for event in events)
    chats = [event["data"] for event in events if event["event_type"].startswith("conversation.chat.")]
    assert all(isinstance(chat["created_at"], int) for chat in chats)
    assert all(chat["created_at"] < 2**31 for chat in chats)  # an Integer in Java
    deltas = [event["data"]["content"] for event in events if event["event_type"] == "conversation.audio.delta"]
    assert deltas
    assert all(base64.b64decode(delta, validate=True) for delta in deltas)


async def test_go_reads_the_words_of_an_error_from_message(scripted_server: RunningServer) -> None:
    async with connected(scripted_server) as socket:
        await socket.send('{"event_type": "input_text.generate_audio", "data": {"mode": "text", "text": ""}}')
        error = (await until(socket, "error"))[-1]
    assert error["data"]["message"] == error["data"]["msg"]
    assert isinstance(error["data"]["code"], int)


async def test_go_waits_for_the_end_of_a_turn_that_fails(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    language_model.will(Refuse(500, "the model is on fire"))
    async with connected(scripted_server) as socket:
        await socket.send(json.dumps({"event_type": "conversation.message.create", "data": QUESTION}))
        events = await until(socket, "conversation.chat.completed", "conversation.chat.failed", "error")
    assert events[-1]["event_type"] == "conversation.chat.failed"


async def test_go_sends_a_whole_file_in_one_frame(scripted_server: RunningServer, questions: Path) -> None:
    file = (questions / "en-capital.wav").read_bytes()
    append = {"event_type": "input_audio_buffer.append", "data": {"delta": base64.b64encode(file).decode()}}
    async with connected(scripted_server) as socket:
        await socket.send(json.dumps(append))
        await socket.send('{"event_type":"input_audio_buffer.complete"}')
        (heard,) = [
            event["data"]["content"]
            for event in await until(socket, "conversation.chat.completed")
            if event["event_type"] == "conversation.audio_transcript.completed"
        ]
    assert len(file) > 60_000
    assert "capital of france" in heard.lower()


async def test_go_connects_without_a_bot_and_asks_for_no_compression(scripted_server: RunningServer) -> None:
    async with connected(scripted_server, "/v1/chat") as socket:
        assert (await until(socket, "chat.created"))[-1]["event_type"] == "chat.created"
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_go_hangs_up_without_a_close_frame(scripted_server: RunningServer) -> None:
    before = scripted_server.log().count("Traceback")
    async with connected(scripted_server) as socket:
        await until(socket, "chat.created")
        socket.transport.abort()
    async with connected(scripted_server) as socket:
        await until(socket, "chat.created")
    assert scripted_server.log().count("Traceback") == before


async def test_go_sends_null_and_zero_for_what_is_not_set(scripted_server: RunningServer) -> None:
    unset = dict.fromkeys(("response_format", "speed", "sample_rate", "loudness_rate", "emotion", "emotion_scale"))
    message = {
        **QUESTION,
        **dict.fromkeys(("id", "conversation_id", "section_id", "bot_id", "chat_id", "type", "reasoning_content"), ""),
        **dict.fromkeys(("created_at", "updated_at"), 0),
        "meta_data": None,
    }
    async with rest(scripted_server) as client:
        voice = (await client.get("/v1/audio/voices")).json()["data"]["voice_list"][0]["voice_id"]
        speech = await client.post("/v1/audio/speech", json={"input": "Hello.", "voice_id": voice, **unset})
        assert (speech.status_code, speech.headers["content-type"]) == (200, "audio/mpeg")
        asked = {"bot_id": "scripted", "user_id": "u", "additional_messages": [message], "connector_id": ""}
        chat = await client.post("/v3/chat", json={**asked, "stream": False, "auto_save_history": True})
        assert chat.json()["data"]["status"] == "in_progress"
        made = await client.post("/v1/conversation/create", json={"messages": [message], "connector_id": ""})
        assert made.json()["code"] == 0


async def test_java_sends_a_sample_rate_of_zero_for_none(scripted_server: RunningServer) -> None:
    async with rest(scripted_server) as client:
        voice = (await client.get("/v1/audio/voices")).json()["data"]["voice_list"][0]["voice_id"]
        request = {"input": "Hello.", "voice_id": voice, "response_format": "mp3", "speed": 1.0, "sample_rate": 0}
        speech = await client.post("/v1/audio/speech", json=request)
    assert (speech.status_code, speech.headers["content-type"]) == (200, "audio/mpeg")


async def test_go_retrieves_a_chat_with_get_and_java_with_post(scripted_server: RunningServer) -> None:
    async with rest(scripted_server) as client:
        asked = {"bot_id": "scripted", "user_id": "u", "additional_messages": [QUESTION], "stream": False}
        chat = (await client.post("/v3/chat", json=asked)).json()["data"]
        of = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
        for method in ("GET", "POST"):
            answer = await client.request(method, "/v3/chat/retrieve", params=of)
            assert answer.json()["data"]["id"] == chat["id"]


async def test_java_retrieves_a_message_with_post(scripted_server: RunningServer) -> None:
    async with rest(scripted_server) as client:
        begun = (await client.post("/v1/conversation/create", json={"messages": [QUESTION]})).json()["data"]["id"]
        listed = await client.post("/v1/conversation/message/list", params={"conversation_id": begun})
        which = {"conversation_id": begun, "message_id": listed.json()["first_id"]}
        for method in ("GET", "POST"):
            found = await client.request(method, "/v1/conversation/message/retrieve", params=which)
            assert found.json()["data"]["content"] == QUESTION["content"]


async def test_go_takes_the_line_after_an_event_for_its_data(scripted_server: RunningServer) -> None:
    async with rest(scripted_server) as client:
        asked = {"bot_id": "scripted", "user_id": "u", "additional_messages": [QUESTION], "stream": True}
        answer = await client.post("/v3/chat", json=asked)
    assert answer.headers["content-type"].startswith("text/event-stream")
    *events, rest_of_it = answer.text.split("\n\n")
    assert rest_of_it == ""
    for event in events:
        first, second = event.split("\n")
        assert first.startswith("event:")
        json.loads(second.removeprefix("data:"))


async def test_go_uploads_files_without_a_name(scripted_server: RunningServer, questions: Path) -> None:
    file = (questions / "en-capital.wav").read_bytes()
    async with rest(scripted_server) as client:
        boundary = "b0"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename=""\r\n'
        body = (
            f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + file + f"\r\n--{boundary}--\r\n".encode()
        )
        header = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        answer = await client.post("/v1/audio/transcriptions", content=body, headers=header)
    assert "capital of france" in answer.json()["data"]["text"].lower()


async def test_go_asks_for_a_page_past_the_end(scripted_server: RunningServer) -> None:
    async with rest(scripted_server) as client:
        pages: tuple[tuple[str, dict[str, str | int], str], ...] = (
            ("/v1/audio/voices", {"page_num": 9999, "page_size": 1}, "voice_list"),
            ("/v1/conversations", {"bot_id": "scripted", "page_num": 9999, "page_size": 1}, "conversations"),
            ("/v1/workspaces", {"page_num": 9999, "page_size": 1}, "workspaces"),
            ("/v1/space/published_bots_list", {"space_id": "1", "page_index": 9999, "page_size": 1}, "space_bots"),
        )
        for path, of, key in pages:
            answer = await client.get(path, params=of)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
            assert "content-disposition" not in answer.headers
            assert answer.json()["data"][key] == []


async def test_java_says_goodbye_with_a_reason(scripted_server: RunningServer) -> None:
    before = scripted_server.log().count("Traceback")
    async with connected(scripted_server) as socket:
        await until(socket, "chat.created")
        await socket.close(1000, "Normal closure")
    assert socket.close_code == 1000
    assert scripted_server.log().count("Traceback") == before


async def test_java_asks_with_a_message_as_rest_has_it(scripted_server: RunningServer) -> None:
    message = {**QUESTION, "type": "question", "meta_data": {"a": "b"}}
    async with connected(scripted_server) as socket:
        await socket.send(json.dumps({"event_type": "conversation.message.create", "data": message}))
        events = await until(socket, "conversation.chat.completed", "error")
    assert events[-1]["event_type"] == "conversation.chat.completed"
