"""``chat/completions`` by the openai package: a bot on a scripted model, with the real recogniser and a real voice."""

import base64
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from openai import OpenAI

from kouyu.audio.pcm import float_from_int16
from kouyu.audio.wav import decode_audio
from tests.audio.signals import level_db
from tests.end_to_end.running_server import RunningServer
from tests.standins.openai_server import OpenAIStandIn, Refuse, Say, ToolCallScript, call_tools

pytestmark = pytest.mark.models

QUESTION: Any = {"role": "user", "content": "Is it warm?"}
WEATHER: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


@pytest.fixture
def model(scripted_server: RunningServer, language_model: OpenAIStandIn) -> OpenAIStandIn:
    """The scripted model, with the requests of this test alone."""
    language_model.requests.clear()
    return language_model


def test_a_bot_answers_and_the_tokens_are_counted(client: OpenAI, model: OpenAIStandIn) -> None:
    model.will(Say("It ", "is."))
    answer = client.chat.completions.create(model="scripted", messages=[QUESTION])
    assert answer.choices[0].message.content == "It is."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (11, 2, 13)
    assert answer.model == "scripted"
    assert model.requests[0].messages[0]["content"].startswith("You are calm.")


def test_the_clients_system_message_takes_the_place_of_the_bots_prompt_and_options_reach_the_model(
    client: OpenAI, model: OpenAIStandIn
) -> None:
    messages: Any = [{"role": "system", "content": "You are a pirate."}, QUESTION]
    client.chat.completions.create(model="scripted", messages=messages, temperature=0.25, max_tokens=5, seed=3)
    (asked,) = model.requests
    assert asked.messages[0] == {"role": "system", "content": "You are a pirate."}
    assert (asked.body["temperature"], asked.body["max_tokens"], asked.body["seed"]) == (0.25, 5, 3)


def test_the_users_variables_are_the_prompts(
    client: OpenAI, scripted_server: RunningServer, model: OpenAIStandIn
) -> None:
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    mood = {"bot_id": "scripted", "connector_uid": "grace", "data": [{"keyword": "mood", "value": "merry"}]}
    assert httpx.put(f"{scripted_server.http}/v1/variables", headers=headers, json=mood).json()["code"] == 0
    client.chat.completions.create(model="scripted", messages=[QUESTION], user="grace")
    assert model.requests[0].messages[0]["content"].startswith("You are merry.")


def test_a_stream_comes_in_chunks_and_ends_with_the_usage_if_that_is_asked_for(
    client: OpenAI, model: OpenAIStandIn
) -> None:
    model.will(Say("It ", "is.", thoughts=("Hmm.",)))
    stream = client.chat.completions.create(
        model="scripted", messages=[QUESTION], stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "It is."
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert [getattr(chunk.choices[0].delta, "reasoning_content", None) for chunk in chunks].count("Hmm.") == 1
    assert len({chunk.id for chunk in chunks}) == 1
    assert (last.choices, last.usage and last.usage.total_tokens) == ([], 14)


def test_tools_of_the_client_are_called_and_their_outputs_answered(client: OpenAI, model: OpenAIStandIn) -> None:
    model.will(call_tools(ToolCallScript("weather", '{"at":"Oslo"}')), Say("Cold."))
    first = client.chat.completions.create(
        model="scripted", messages=[QUESTION], tools=[WEATHER], tool_choice="required"
    )
    assert first.choices[0].finish_reason == "tool_calls"
    message = first.choices[0].message
    assert message.tool_calls is not None
    (call,) = message.tool_calls
    assert call.type == "function"
    assert (call.function.name, call.function.arguments) == ("weather", '{"at":"Oslo"}')
    output: Any = {"role": "tool", "tool_call_id": call.id, "content": "-3 degrees"}
    dialogue: Any = [QUESTION, message.model_dump(exclude_none=True), output]
    second = client.chat.completions.create(model="scripted", messages=dialogue, tools=[WEATHER])
    assert second.choices[0].message.content == "Cold."
    assert model.requests[0].body["tool_choice"] == "required"
    assert [each["role"] for each in model.requests[1].messages[-3:]] == ["user", "assistant", "tool"]
    assert model.requests[1].messages[-1]["content"] == "-3 degrees"


def test_calls_are_streamed_too(client: OpenAI, model: OpenAIStandIn) -> None:
    model.will(call_tools(ToolCallScript("weather", "{}")))
    stream = client.chat.completions.create(model="scripted", messages=[QUESTION], tools=[WEATHER], stream=True)
    deltas = [chunk.choices[0] for chunk in stream]
    calls = [call for each in deltas for call in each.delta.tool_calls or ()]
    assert [(call.index, call.function and call.function.name) for call in calls] == [(0, "weather")]
    assert deltas[-1].finish_reason == "tool_calls"


def test_an_answer_that_reaches_its_limit_says_so(client: OpenAI, model: OpenAIStandIn) -> None:
    model.will(Say("It ", "is", finish_reason="length"))
    answer = client.chat.completions.create(model="scripted", messages=[QUESTION], max_completion_tokens=2)
    assert answer.choices[0].finish_reason == "length"


def test_a_recording_is_heard(client: OpenAI, model: OpenAIStandIn, questions: Path) -> None:
    data = base64.b64encode((questions / "en-sky.wav").read_bytes()).decode()
    spoken: Any = {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]}
    client.chat.completions.create(model="scripted", messages=[spoken])
    assert "color is the sky" in model.requests[0].messages[-1]["content"]
    bad: Any = {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]}
    with pytest.raises(openai.BadRequestError) as told:
        client.chat.completions.create(model="scripted", messages=[bad])
    assert told.value.param == "messages[0].content[0].input_audio.data"


def test_an_answer_can_be_spoken_and_named_by_its_id_later(client: OpenAI, model: OpenAIStandIn) -> None:
    model.will(Say("The train leaves at nine."), Say("Yes."))
    answer = client.chat.completions.create(
        model="scripted",
        messages=[QUESTION],
        modalities=["text", "audio"],
        audio={"voice": "alloy", "format": "mp3"},
    )
    message = answer.choices[0].message
    assert message.content is None
    assert message.audio is not None
    assert message.audio.transcript == "The train leaves at nine."
    samples, rate = decode_audio(base64.b64decode(message.audio.data))
    assert 1.0 < len(samples) / rate < 3.0
    assert level_db(samples) > -35
    said: Any = {"role": "assistant", "audio": {"id": message.audio.id}}
    client.chat.completions.create(model="scripted", messages=[QUESTION, said, QUESTION])
    assert model.requests[1].messages[-2]["content"] == "The train leaves at nine."


def test_a_spoken_answer_is_streamed_while_it_is_written(client: OpenAI, model: OpenAIStandIn) -> None:
    model.will(Say("The train leaves at nine. ", "It goes to Oslo."))
    stream = client.chat.completions.create(
        model="scripted",
        messages=[QUESTION],
        modalities=["text", "audio"],
        audio={"voice": "alloy", "format": "pcm16"},
        stream=True,
    )
    pieces = [audio for chunk in stream if (audio := chunk.choices[0].delta.audio)]
    assert "".join(piece.transcript or "" for piece in pieces) == "The train leaves at nine. It goes to Oslo."
    heard = b"".join(base64.b64decode(piece.data or "") for piece in pieces)
    assert 2.0 < len(heard) / 48_000 < 6.0
    assert level_db(float_from_int16(np.frombuffer(heard, "<i2"))) > -35
    assert pieces[-1].expires_at
    assert len({piece.id for piece in pieces}) == 1


def test_a_picture_in_a_data_url_reaches_a_model_without_eyes_as_a_note(client: OpenAI, model: OpenAIStandIn) -> None:
    picture = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(100)).decode()
    shown: Any = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": picture}}]}
    client.chat.completions.create(model="scripted", messages=[shown])
    assert "image" in str(model.requests[0].messages[-1]["content"])


def test_a_model_that_fails_is_told_with_a_status_or_in_the_stream(client: OpenAI, model: OpenAIStandIn) -> None:
    model.will(Refuse(500, "broken"), Refuse(500, "broken"), Say("It ", "is.", die_after=1))
    with pytest.raises(openai.InternalServerError, match="scripted"):
        client.chat.completions.create(model="scripted", messages=[QUESTION])
    with pytest.raises(openai.InternalServerError, match="scripted"):
        client.chat.completions.create(model="scripted", messages=[QUESTION], stream=True)
    with pytest.raises(openai.APIError, match="scripted"):
        list(client.chat.completions.create(model="scripted", messages=[QUESTION], stream=True))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"n": 2}, "n"),
        ({"temperature": 3}, "temperature"),
        ({"messages": []}, "messages"),
        ({"modalities": ["video"]}, "modalities[0]"),
        ({"modalities": ["audio"], "audio": {"voice": "nobody", "format": "wav"}}, "audio.voice"),
    ],
)
def test_a_faulty_field_is_refused_by_its_name(client: OpenAI, body: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as told:
        client.chat.completions.create(**{"model": "scripted", "messages": [QUESTION], **body})
    assert told.value.param == param


def test_the_model_stops_when_the_client_hangs_up(scripted_server: RunningServer, model: OpenAIStandIn) -> None:
    for stream in (False, True):
        model.requests.clear()
        model.will(Say("It ", "is ", "warm.", hang_after=2, pings=True))
        body = json.dumps({"model": "scripted", "messages": [QUESTION], "stream": stream})
        port = int(scripted_server.http.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            head = f"POST /openai/v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\n"
            connection.sendall(f"{head}authorization: Bearer {scripted_server.token}\r\n\r\n{body}".encode())
            until(lambda: bool(model.requests) and model.requests[0].chunks_sent > 1)
        until(model.requests[0].hung_up.is_set)


def until(happens: Callable[[], bool]) -> None:
    """Wait for something on another thread; a time-out fails the test."""
    end = time.monotonic() + 30
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_nothing_is_stored(client: OpenAI, scripted_server: RunningServer, model: OpenAIStandIn) -> None:
    def conversations() -> int:
        answer = client.get(
            f"{scripted_server.http}/v1/conversations?bot_id=scripted&page_size=50", cast_to=dict[str, Any]
        )
        return len(answer["data"]["conversations"])

    before = conversations()
    client.chat.completions.create(model="scripted", messages=[QUESTION], store=True)
    assert conversations() == before
