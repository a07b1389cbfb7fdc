"""Bad input, bad clients and bad models: the one concerned is told why, the others notice nothing."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.standins.openai_server import Hang, HangUp, OpenAIStandIn, Refuse, Say

pytestmark = pytest.mark.models


@pytest.mark.parametrize(
    ("event_type", "data", "named"),
    [
        ("chat.update", {"output_audio": {"speech_rate": 400}}, ["data.output_audio.speech_rate", "400", "-50", "100"]),
        ("chat.update", {"input_audio": {"sample_rate": 12345}}, ["data.input_audio.sample_rate", "12345", "48000"]),
        (
            "conversation.message.create",
            {"role": "robot", "content_type": "text", "content": "x"},
            ["data.role", "user"],
        ),
        ("input_audio_buffer.append", {"delta": "***"}, ["data.delta"]),
        ("input_text.generate_audio", {"mode": "text", "text": "x" * 1025}, ["data.text", "1024"]),
        ("conversation.chat.submit_tool_outputs", {"chat_id": "1", "tool_outputs": []}, ["data.chat_id"]),
    ],
)
async def test_a_malformed_event_gets_an_error_that_says_what_and_the_connection_continues(
    scripted_server: RunningServer, event_type: str, data: dict[str, Any], named: list[str]
) -> None:
    async with talking(scripted_server) as talk:
        await talk.client.send(event_type, data)
        error = await talk.until("error")
        assert error.data["code"] >= 4000
        for word in named:
            assert word in error.data["msg"]
        assert error.data["message"] == error.data["msg"]
        assert await talk.ask("still there") == "still there "


async def test_json_that_does_not_parse_gets_an_error_with_the_text_at_fault(scripted_server: RunningServer) -> None:
    url = scripted_server.http.replace("http", "ws", 1) + "/v1/chat"
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    async with connect(url, additional_headers=headers) as socket:
        assert json.loads(await socket.recv())["event_type"] == "chat.created"
        await socket.send('{"event_type": ')
        error = json.loads(await socket.recv())
    assert error["event_type"] == "error"
    assert error["detail"]["origin_message"] == '{"event_type": '


async def test_an_unknown_event_is_answered_with_nothing(scripted_server: RunningServer) -> None:
    async with talking(scripted_server) as talk:
        await talk.client.send("something.new", {"a": 1})
        await talk.ask("hello")
    assert "error" not in talk.types


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Refuse(500, "the model is on fire"), "it failed (HTTP 500): try again in a moment"),
        (HangUp(), "hung up"),
        (Hang(), "did not answer"),
        (Say("One. ", "Two. ", "Three. ", hang_after=2), "nothing more for 2 s"),
        (Say("One. ", "Two. ", "Three. ", die_after=2), ""),
    ],
)
async def test_a_model_that_fails_fails_the_chat_and_the_next_one_works(
    scripted_server: RunningServer, language_model: OpenAIStandIn, answer: Any, reason: str
) -> None:
    language_model.will(answer, answer) if isinstance(answer, HangUp) else language_model.will(answer)
    async with talking(scripted_server) as talk:
        await talk.write("hello")
        failed = await talk.until("conversation.chat.failed")
        assert failed.data["status"] == "failed"
        assert failed.data["last_error"]["code"] == 5000
        assert reason in failed.data["last_error"]["msg"]
        language_model.will(Say("Well again."))
        assert await talk.ask("and now") == "Well again."
        assert talk.types.count("conversation.chat.completed") == 1


async def test_a_client_that_dies_in_the_middle_disturbs_nobody(scripted_server: RunningServer) -> None:
    async with talking(scripted_server) as other:
        async with talking(scripted_server) as talk:
            await talk.write("one two three four five. " * 10)
            await talk.until("conversation.audio.delta")
            transport = talk.client._connection.transport  # the client is killed, it does not say goodbye
            transport.abort()
        assert await other.ask("all well") == "all well "
    assert "Traceback" not in scripted_server.log()


async def test_a_client_that_does_not_read_disturbs_nobody(scripted_server: RunningServer) -> None:
    async with talking(scripted_server) as other, talking(scripted_server) as slow:
        slow.client._connection.transport.pause_reading()
        for _ in range(5):
            await slow.write("one two three four five six seven eight nine ten. " * 5)
        assert await other.ask("all well") == "all well "
        slow.client._connection.transport.abort()  # it does not read a goodbye either


async def test_two_conversations_at_once_do_not_mix(scripted_server: RunningServer) -> None:
    async with talking(scripted_server) as one, talking(scripted_server) as two:
        answers = await asyncio.gather(one.ask("the first person"), two.ask("the second person"))
    assert list(answers) == ["the first person ", "the second person "]
    ids = [
        {event.data["conversation_id"] for event in talk.events if event.data and "chat_id" in event.data}
        for talk in (one, two)
    ]
    assert not ids[0] & ids[1]


async def test_an_unknown_bot_is_an_error_that_names_the_known_ones(scripted_server: RunningServer) -> None:
    async with talking(scripted_server, bot_id="nobody") as talk:
        error = await talk.until("error")
    assert error.data["code"] == 4200
    assert "scripted" in error.data["msg"]
