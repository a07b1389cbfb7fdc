"""Every uplink event: what it does, seen from outside."""

import json
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import uploads
from tests.fields.spoken import AUDIO, AUDIO_ENDS, TRANSCRIPT, push, question, refusal, said, say
from tests.standins.openai_server import OpenAIStandIn, ToolCallScript, call_tools
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

COMPLETED, CLEARED = "input_audio_buffer.completed", "input_audio_buffer.cleared"
CANCELED = "conversation.chat.canceled"
EVENTS: dict[str, Any] = {
    "chat.update": {},
    "input_audio_buffer.append": {"delta": ""},
    "input_audio_buffer.complete": None,
    "input_audio_buffer.clear": None,
    "conversation.message.create": {"role": "assistant", "content_type": "text", "content": "x"},
    "conversation.clear": None,
    "conversation.chat.submit_tool_outputs": {"chat_id": "1"},
    "conversation.chat.cancel": None,
    "input_text.generate_audio": {"mode": "text", "text": "x"},
}


async def buffered(talk: Talk) -> None:
    """The whole question is in the buffer."""
    for piece in uploads.pcm(question()):
        await talk.client.send_audio(piece)


async def test_id(measuring_server: RunningServer) -> None:
    """Chosen by the client and found again in what an error says; without one every event is taken all the same."""
    url = measuring_server.http.replace("http", "ws", 1) + "/v1/chat"
    headers = {"Authorization": f"Bearer {measuring_server.token}"}
    async with connect(url, additional_headers=headers) as socket:
        for event_id in ({"id": "my-own-7"}, {"id": 7}, {}):
            for event_type, data in EVENTS.items():
                await socket.send(json.dumps({**event_id, "event_type": event_type, "data": data}))
            await socket.send(json.dumps({**event_id, "event_type": "chat.update", "data": {"asr_config": 1}}))
            errors: list[dict[str, Any]] = []
            while len(errors) < 2:
                event = json.loads(await socket.recv())
                errors += [event] if event["event_type"] == "error" else []
            assert "data.tool_outputs" in errors[0]["data"]["msg"]
            assert "data.asr_config" in errors[1]["data"]["msg"]
            assert json.loads(errors[1]["detail"]["origin_message"]).get("id") == event_id.get("id")


async def test_chat_update(measuring_server: RunningServer) -> None:
    """Any number of them, each laid over what is in force, objects whole or not at all; answered with what holds."""
    async with talking(measuring_server) as talk:
        await talk.client.send("chat.update")
        default = (await talk.until("chat.updated")).data
        assert set(default) >= {"chat_config", "input_audio", "output_audio", "turn_detection", "asr_config"}
        assert default["input_audio"]["format"] == "wav"
        bad = {"output_audio": {"speech_rate": 30, "loudness_rate": 300}, "asr_config": {"enable_itn": False}}
        assert "data.output_audio.loudness_rate" in await refusal(talk, **bad)
        await talk.client.send("chat.update", {"output_audio": {"codec": "opus"}, "newer_sdk": {"x": 1}})
        updated = (await talk.until("chat.updated", count=3)).data
        assert updated["output_audio"]["speech_rate"] == 0
        assert updated["output_audio"]["codec"] == "opus"
        assert updated["asr_config"]["enable_itn"] is False
        assert "newer_sdk" not in updated
    async with talking(measuring_server) as talk:
        assert (await talk.ask("hello")).strip() == "hello"
        assert len(talk.audio()) > 10_000


async def test_input_audio_buffer_append(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Streamed pieces make up the utterance; a bad one is an error and left out, and the connection lives on."""
    async with talking(measuring_server) as talk:
        await talk.configure()
        pieces = uploads.pcm(question())
        for piece in pieces[:10]:
            await talk.client.send_audio(piece)
        await talk.client.send("input_audio_buffer.append", {"delta": "***"})
        await talk.until("error")
        heard = recogniser.behind(await push(talk, pieces[10:]))
        assert len(heard.audio) > 0.8 * len(question())
        assert talk.types[:2] == ["chat.created", "chat.updated"]


async def test_input_audio_buffer_complete(measuring_server: RunningServer) -> None:
    """The buffer becomes a chat; an empty one does not, nor a silent one, whose transcript is empty. No effect in free
    talk."""
    async with talking(measuring_server) as talk:
        await talk.configure()
        for silent in ([], uploads.pcm(question() * 0)):
            for piece in silent:
                await talk.client.send_audio(piece)
            await talk.client.send("input_audio_buffer.complete")
            await talk.until(COMPLETED, count=talk.types.count(COMPLETED) + 1)
        assert (await talk.until(TRANSCRIPT)).data["content"] == ""
        await buffered(talk)
        await talk.client.send("input_audio_buffer.complete")
        await talk.until("conversation.chat.completed")
        order = [kind for kind in talk.types if kind in (COMPLETED, TRANSCRIPT, "conversation.chat.created")]
        assert order == [COMPLETED, COMPLETED, TRANSCRIPT, COMPLETED, TRANSCRIPT, "conversation.chat.created"]
        assert "error" not in talk.types
        for kind in ("server_vad", "semantic_vad"):
            await talk.configure(turn_detection={"type": kind})
            await talk.client.send("input_audio_buffer.complete")
            assert not {COMPLETED, "error"} & set(await talk.up_to_now())


async def test_input_audio_buffer_clear(measuring_server: RunningServer) -> None:
    """What has been said is thrown away; in free talk it has no effect."""
    async with talking(measuring_server) as talk:
        await talk.configure()
        await buffered(talk)
        await talk.client.send("input_audio_buffer.clear")
        await talk.until(CLEARED)
        await talk.client.send("input_audio_buffer.complete")
        await talk.until(COMPLETED)
        await push(talk, uploads.pcm(question()))
        order = [kind for kind in talk.types if kind in (CLEARED, COMPLETED, TRANSCRIPT, "conversation.chat.created")]
        assert order[:4] == [CLEARED, COMPLETED, COMPLETED, TRANSCRIPT]
        for kind in ("server_vad", "semantic_vad"):
            await talk.configure(turn_detection={"type": kind})
            await talk.client.send("input_audio_buffer.clear")
            assert not {CLEARED, "error"} & set(await talk.up_to_now())


async def test_conversation_message_create(measuring_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """A user's message is answered aloud and interrupts what is being said; the assistant's joins the context."""
    async with talking(measuring_server) as talk:
        await talk.client.send("conversation.message.create", EVENTS["conversation.message.create"])
        await say(talk, "This is a long announcement, and it goes on, " * 5)
        await talk.until(AUDIO)
        before = len(talk.events)
        assert (await talk.ask("hello")).strip() == "hello"
        after = talk.events[before:]
        assert next(event for event in after if event.type == CANCELED).data["code"] == 3
        assert AUDIO in [event.type for event in after]
    assert [m["content"].strip() for m in language_model.requests[-1].messages[1:]] == ["…", "x", "hello"]


async def test_conversation_clear(measuring_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """A new section of the same conversation, and no context."""
    async with talking(measuring_server) as talk:
        await talk.ask_and_hear("first")
        await talk.client.send("conversation.clear")
        await talk.until("conversation.cleared")
        await talk.ask("second")
        chats = [event.data for event in talk.events if event.type == "conversation.chat.created"]
    assert [m["content"] for m in language_model.requests[-1].messages[1:]] == ["second"]
    assert chats[0]["conversation_id"] == chats[1]["conversation_id"]
    assert chats[0]["section_id"] != chats[1]["section_id"]


async def test_conversation_chat_submit_tool_outputs(
    measuring_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    """The chat that waited goes on under its id, and the model is told what the tool gave."""
    language_model.will(call_tools(ToolCallScript("weather", '{"city": "Paris"}', "call_7")))
    async with talking(measuring_server) as talk:
        await talk.write("What is the weather in Paris?")
        waiting = (await talk.until("conversation.chat.requires_action")).data
        call = waiting["required_action"]["submit_tool_outputs"]["tool_calls"][0]
        assert (call["id"], call["function"]["name"]) == ("call_7", "weather")
        outputs = {"chat_id": waiting["id"], "tool_outputs": [{"tool_call_id": "call_7", "output": "sunny"}]}
        await talk.client.send("conversation.chat.submit_tool_outputs", outputs)
        completed = await talk.until("conversation.chat.completed")
    assert completed.data["id"] == waiting["id"]
    assert talk.answers() == ["sunny "]
    assert language_model.requests[-1].messages[-1] == {"role": "tool", "tool_call_id": "call_7", "content": "sunny"}


async def test_conversation_chat_cancel(measuring_server: RunningServer) -> None:
    """Stops the chat and its audio; answered when nothing runs, too."""
    async with talking(measuring_server) as talk:
        await talk.client.send("conversation.chat.cancel")
        assert (await talk.until(CANCELED)).data == {"code": 2, "msg": "canceled by the client"}
        await talk.write("one two three four five six seven eight nine ten. " * 6)
        await talk.until(AUDIO)
        await talk.client.send("conversation.chat.cancel")
        canceled = await talk.until(CANCELED, count=2)
        assert canceled.data["code"] == 2
        assert (await talk.ask("hello")).strip().endswith("hello")
        after = talk.types[talk.events.index(canceled) + 1 :]
        assert not {AUDIO, "conversation.message.delta"} & set(after[: after.index("conversation.chat.created")])
        assert after.count("conversation.chat.completed") == 1


async def test_input_text_generate_audio(measuring_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """Speaks without the model, and interrupts what the agent is saying."""
    async with talking(measuring_server) as talk:
        await talk.write("one two three four five six seven eight nine ten. " * 6)
        await talk.until(AUDIO)
        asked = len(language_model.requests)
        before = len(talk.events)
        await said(talk, "Are you still there?")
        after = talk.events[before:]
    assert [event.data["code"] for event in after if event.type == CANCELED] == [3]
    kinds = [event.type for event in after][[event.type for event in after].index(CANCELED) + 1 :]
    assert set(kinds) == {"conversation.audio.sentence_start", AUDIO, AUDIO_ENDS}
    assert len(language_model.requests) == asked
