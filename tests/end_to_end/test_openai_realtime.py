"""The unmodified package ``openai`` talks with a running server: only the base URL and the key are changed."""

import base64
import json
from typing import Any

import numpy as np
import pytest
import soxr
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from kouyu.audio.pcm import bytes_from_float
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.end_to_end.conftest import AnsweringServer
from tests.end_to_end.openai_talk import RATE, client_of, talking, transcript
from tests.fields.spoken import question, recording, silence
from tests.standins.openai_server import Say, ToolCallScript

pytestmark = pytest.mark.models

WEATHER = ToolCallScript("weather", '{"city": "Paris"}')
TOOL = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
PNG = b"\x89PNG\r\n\x1a\n and so on"
DETECTED = {"type": "server_vad", "silence_duration_ms": 500}


def create(*parts: dict[str, Any]) -> dict[str, Any]:
    """The event for a message of the user."""
    item = {"type": "message", "role": "user", "content": list(parts)}
    return {"type": "conversation.item.create", "item": item}


async def test_a_typed_turn(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Good ", "morning."))
    async with talking(client_of(answering.server)) as talk:
        created = await talk.until("session.created")
        assert created.session.model == "tools"
        await talk.write("Good morning!")
        response = await talk.answer(metadata={"topic": "greeting"})
        assert (response.status, transcript(response)) == ("completed", "Good morning.")
        assert response.metadata == {"topic": "greeting"}
        assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens > 0
        seconds = len(talk.audio()) / 2 / RATE
        assert 0.4 < seconds < 4
    assert answering.language_model.requests[-1].messages[-1] == {"role": "user", "content": "Good morning!"}


async def test_a_spoken_turn(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Paris is the capital of France."))
    async with talking(client_of(answering.server)) as talk:
        await talk.update(
            audio={"input": {"transcription": {"model": "whisper-1", "language": "en"}, "turn_detection": DETECTED}}
        )
        await talk.speak(np.concatenate([question(), silence(1.5)]))
        heard = await talk.until("conversation.item.input_audio_transcription.completed")
        assert "capital of France" in heard.transcript
        assert heard.usage.seconds > 0.5
        done = await talk.until("response.done")
        assert transcript(done.response) == "Paris is the capital of France."
        committed = await talk.until("input_audio_buffer.committed")
        started, stopped = await talk.until("input_audio_buffer.speech_started"), talk.types
        assert stopped.index("input_audio_buffer.speech_stopped") < stopped.index("response.created")
        assert started.item_id == committed.item_id == heard.item_id
        assert len(talk.audio()) > RATE


async def test_an_interruption_keeps_what_was_heard(answering: AnsweringServer) -> None:
    story = "Once upon a time there was a king. He lived in a castle by the sea. Nobody knew his name."
    answering.language_model.will(Say(story), Say("Yes?"), Say("Good."))
    async with talking(client_of(answering.server)) as talk:
        await talk.update(audio={"input": {"turn_detection": DETECTED}})
        await talk.write("Tell me a story.")
        await talk.send({"type": "response.create"})
        first = await talk.until("response.output_audio.delta")
        await talk.speak(np.concatenate([recording("en-how-are-you"), silence(1.5)]))
        await talk.until("input_audio_buffer.speech_started")
        await talk.send(
            {"type": "conversation.item.truncate", "item_id": first.item_id, "content_index": 0, "audio_end_ms": 900}
        )
        truncated = await talk.until("conversation.item.truncated")
        assert (truncated.item_id, truncated.audio_end_ms) == (first.item_id, 900)
        await talk.until("response.done", count=2)
        await talk.write("Go on.")
        await talk.answer()
    messages = answering.language_model.requests[-1].messages
    (told,) = (message["content"] for message in messages if "Once" in str(message["content"]))
    assert story.startswith(told)
    assert 0 < len(told) < 40, "about a second of it was heard"


async def test_a_tool_of_the_client(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Let me look.", tool_calls=(WEATHER,)), Say("It is sunny in Paris."))
    async with talking(client_of(answering.server), model="kouyu-realtime") as talk:
        await talk.update(tools=[TOOL], tool_choice="auto", instructions="You know the weather.")
        await talk.write("What is the weather in Paris?")
        response = await talk.answer()
        assert [item.type for item in response.output] == ["message", "function_call"]
        assert transcript(response) == "Let me look."
        (call,) = (item for item in response.output if item.type == "function_call")
        assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Paris"})
        spoken = len(talk.audio(response.id))
        assert spoken > RATE // 4, "all audio of a response comes before its end"
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        await talk.send({"type": "conversation.item.create", "item": output})
        again = await talk.answer()
        assert transcript(again) == "It is sunny in Paris."
        assert len(talk.audio(response.id)) == spoken
    first, second = answering.language_model.requests[-2:]
    assert first.messages[0] == {"role": "system", "content": "You know the weather."}
    assert "weather" in [tool["function"]["name"] for tool in first.body["tools"]]
    assert [message["role"] for message in second.messages[-3:]] == ["user", "assistant", "tool"]


async def test_an_update_at_fault_is_refused_and_the_session_goes_on(answering: AnsweringServer) -> None:
    async with talking(client_of(answering.server)) as talk:
        update = {"type": "realtime", "audio": {"output": {"speed": 9}}}
        await talk.send({"type": "session.update", "event_id": "mine", "session": update})
        refused = await talk.until("error")
        assert (refused.error.event_id, refused.error.param) == ("mine", "session.audio.output.speed")
        assert "0.25 to 1.5" in refused.error.message
        updated = await talk.update(output_modalities=["text"])
        assert updated.session.audio.output.speed == 1.0
        answering.language_model.will(Say("In writing."))
        await talk.write("Hello.")
        response = await talk.answer()
        assert response.output[0].content[0].text == "In writing."
        assert talk.audio() == b""


async def test_a_response_apart_from_the_conversation(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Hello."), Say("A greeting."), Say("Friendly."), Say("Fine."))
    async with talking(client_of(answering.server)) as talk:
        greeting = await talk.write("Good morning!")
        await talk.answer()
        question = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What was that?"}]}
        given = [{"type": "item_reference", "id": greeting}, question]
        apart = await talk.answer(
            conversation="none",
            input=given,
            output_modalities=["text"],
            instructions="Name the kind.",
            metadata={"topic": "kind"},
        )
        assert (transcript(apart), apart.conversation_id, apart.metadata) == ("A greeting.", None, {"topic": "kind"})
        assert talk.audio(apart.id) == b""
        spoken = await talk.answer(conversation="none", input=[question])
        assert (transcript(spoken), spoken.conversation_id) == ("Friendly.", None)
        assert len(talk.audio(spoken.id)) > RATE // 4
        await talk.write("How are you?")
        last = await talk.answer()
        assert last.conversation_id
    first, second, third = answering.language_model.requests[-3:]
    assert [(message["role"], message["content"]) for message in first.messages] == [
        ("system", "Name the kind."),
        ("user", "Good morning!\nWhat was that?"),
    ]
    assert [message["content"] for message in second.messages if message["role"] == "user"] == ["What was that?"]
    said = [message["content"] for message in third.messages if message["role"] != "system"]
    assert said == ["Good morning!", "Hello.", "How are you?"]


async def test_responses_apart_run_beside_the_conversations(answering: AnsweringServer) -> None:
    story, aside = "Once upon a time there was a king. He", "This is an aside."
    answering.language_model.will(Say(story, hang_after=1), Say(aside), Say("One. Two.", hang_after=1))
    apart: dict[str, Any] = {"conversation": "none", "input": []}
    async with talking(client_of(answering.server)) as talk:
        await talk.write("Tell me a story.")
        await talk.send({"type": "response.create"})
        main = (await talk.until("response.output_audio.delta")).response_id
        first = await talk.answer(**apart, metadata={"topic": "aside"})
        assert (first.status, transcript(first), first.metadata) == ("completed", aside, {"topic": "aside"})
        assert len(talk.audio(first.id)) > RATE // 4
        await talk.send({"type": "response.create", "response": apart})
        second = (await talk.until("response.content_part.added", count=3)).response_id
        await talk.connection.response.cancel(response_id=second)
        stopped = (await talk.until("response.done", count=2)).response
        assert (stopped.id, stopped.status) == (second, "cancelled")
        await talk.connection.response.cancel()
        done = (await talk.until("response.done", count=3)).response
        assert (done.id, done.status, done.output[0].type) == (main, "cancelled", "message")
        assert "error" not in talk.types


async def test_a_format_of_one_answer(answering: AnsweringServer) -> None:
    answering.language_model.will(*[Say("Good morning to all of you.")] * 3)
    async with talking(client_of(answering.server)) as talk:
        usual = await talk.answer()
        seconds = len(talk.audio(usual.id)) / 2 / RATE
        other = await talk.answer(audio={"output": {"format": {"type": "audio/pcmu"}}})
        assert other.audio.output.format.type == "audio/pcmu"
        assert len(talk.audio(other.id)) / 8_000 == pytest.approx(seconds, abs=0.1)
        last = await talk.answer()
        assert last.audio.output.format.type == "audio/pcm"
        assert talk.audio(last.id) == talk.audio(usual.id)


async def test_a_voice_of_one_answer_that_is_not_here_is_the_sessions(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Good morning to all of you."), Say("Good morning to all of you."))
    async with talking(client_of(answering.server)) as talk:
        usual = await talk.answer()
        other = await talk.answer(audio={"output": {"voice": "marin"}})
        assert other.audio.output.voice == "marin"
        assert talk.audio(other.id) == talk.audio(usual.id) != b""


async def test_push_to_talk(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Paris."))
    async with talking(client_of(answering.server)) as talk:
        await talk.update(audio={"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}})
        await talk.speak(question())
        await talk.connection.input_audio_buffer.commit()
        response = await talk.answer()
        assert transcript(response) == "Paris."
        heard = await talk.until("conversation.item.input_audio_transcription.completed")
        assert "capital" in heard.transcript
        assert "input_audio_buffer.speech_started" not in talk.types


async def test_a_picture_is_shown_to_a_model_that_sees(answering: AnsweringServer) -> None:
    uri = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    picture = {"type": "input_image", "image_url": uri, "detail": "low"}
    for model in ("seeing", "tools"):
        answering.language_model.will(Say("A cat."))
        async with talking(client_of(answering.server), model=model) as talk:
            await talk.send(create({"type": "input_text", "text": "What is it?"}, picture))
            await talk.answer(output_modalities=["text"])
            added = await talk.until("conversation.item.added")
            assert added.item.content[1].to_dict() == picture
            await talk.send({"type": "conversation.item.retrieve", "item_id": added.item.id})
            assert (await talk.until("conversation.item.retrieved")).item.content[1].to_dict() == picture
    seeing, blind = (request.messages[-1]["content"] for request in answering.language_model.requests[-2:])
    assert seeing[1]["image_url"] == {"url": uri, "detail": "low"}
    assert blind == "What is it?\n[an image that you cannot see]"


async def test_media_at_fault_are_refused_and_the_session_goes_on(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Good."))
    async with talking(client_of(answering.server)) as talk:
        await talk.until("session.created")
        for url in ("data:image/png;base64,AAAA", f"data:image/png;base64,{'A' * 5_210_000}"):
            await talk.send(create({"type": "input_image", "image_url": url}))
        too_large = (await talk.until("error", count=2)).error
        for refused in (talk.events[-2].error, too_large):
            assert (refused.code, refused.param) == ("invalid_value", "item.content[0].image_url")
            assert "at most 3900000 bytes" in refused.message
        assert "3907500 bytes" in too_large.message
        await talk.write("Hello?")
        assert transcript(await talk.answer()) == "Good."


async def test_audio_in_an_item_is_recognised_and_what_is_sent_behind_it_waits(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Paris."))
    speech = bytes_from_float(soxr.resample(question(), SPEECH_RATE, RATE).astype(np.float32))
    async with talking(client_of(answering.server)) as talk:
        await talk.update(output_modalities=["text"])
        await talk.send(create({"type": "input_audio", "audio": base64.b64encode(speech).decode()}))
        await talk.send(create({"type": "input_text", "text": "In one word."}))
        response = await talk.answer()
        assert transcript(response) == "Paris."
        spoken, typed = [event for event in talk.events if event.type == "conversation.item.added"][:2]
        assert "capital of France" in spoken.item.content[0].transcript
        assert (spoken.previous_item_id, typed.previous_item_id) == (None, spoken.item.id)
    asked = answering.language_model.requests[-1].messages[-1]["content"]
    assert "capital of France" in asked.splitlines()[0]
    assert asked.splitlines()[1] == "In one word."


async def test_a_response_can_be_cancelled(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("One. Two.", hang_after=1))
    async with talking(client_of(answering.server)) as talk:
        await talk.write("Count.")
        await talk.send({"type": "response.create"})
        await talk.until("response.output_audio_transcript.delta")
        await talk.connection.response.cancel()
        done = await talk.until("response.done")
        assert (done.response.status, done.response.status_details.reason) == ("cancelled", "client_cancelled")
        await talk.connection.response.cancel()
        assert (await talk.until("error")).error.code == "response_cancel_not_active"


async def test_the_beta(answering: AnsweringServer) -> None:
    answering.language_model.will(Say("Hello."))
    headers = {"Authorization": f"Bearer {answering.server.token}", "OpenAI-Beta": "realtime=v1"}
    url = answering.server.http.replace("http", "ws") + "/v1/realtime?model=gpt-4o-realtime-preview"
    async with connect(url, additional_headers=headers) as socket:
        created = json.loads(await socket.recv())
        assert created["session"]["model"] == "gpt-4o-realtime-preview"
        assert created["session"]["input_audio_format"] == "pcm16"
        await socket.send(json.dumps({"type": "session.update", "session": {"modalities": ["text"]}}))
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi."}]}
        await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
        await socket.send(json.dumps({"type": "response.create"}))
        types: list[str] = []
        while not types or types[-1] != "response.done":
            types.append(json.loads(await socket.recv())["type"])
        assert {"conversation.item.created", "response.text.delta", "response.text.done"} <= {*types}
        assert "conversation.item.done" not in types


@pytest.mark.parametrize("path", ["/openai/v1/realtime", "/v1/realtime", "/realtime"])
async def test_a_browser_sends_its_key_as_a_subprotocol(answering: AnsweringServer, path: str) -> None:
    url = answering.server.http.replace("http", "ws") + path
    offered: Any = ["realtime", f"openai-insecure-api-key.{answering.server.token}", "openai-agents-sdk.1"]
    async with connect(url, subprotocols=offered, origin="https://app.example") as socket:  # type: ignore[arg-type]
        assert socket.subprotocol == "realtime"
        assert json.loads(await socket.recv())["type"] == "session.created"


@pytest.mark.parametrize("origin", [None, "https://app.example"])
async def test_a_wrong_key_is_refused_before_the_upgrade(answering: AnsweringServer, origin: Any) -> None:
    url = answering.server.http.replace("http", "ws") + "/openai/v1/realtime"
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, additional_headers={"Authorization": "Bearer sk-none"}, origin=origin)
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body)["error"]["code"] == "invalid_api_key"
