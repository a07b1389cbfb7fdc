"""Order and shape of what comes back, against recorded sessions of the real service."""

import base64
import itertools
import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from kouyu.audio.wav import encode_wav, read_listening_audio
from tests.audio_sessions.wire import wired
from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import uploads
from tests.standins.openai_server import OpenAIStandIn, Pace, Say

pytestmark = pytest.mark.models

TRACES = Path(__file__).parent.parent / "traces"
LENIENT = {"bot_id"}
"""Fields whose values are ours to choose; all others must look like the recorded ones."""


def recorded(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What was sent and what was received."""
    rows = [json.loads(line) for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]
    sent = [row["event"] for row in rows if row["direction"] == "send"]
    return sent, [row["event"] for row in rows if row["direction"] == "receive"]


def recorded_alone(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What was sent and what was received on an audio endpoint, without the audio."""
    rows = [json.loads(line) for line in (TRACES / "cassette" / f"{name}.jsonl").read_text().splitlines()[1:]]
    for event in (row["event"] for row in rows if row["from"] == "server" and "audio" in row):
        event["data"]["delta"] = "AAAA"
    sent = [row["event"] for row in rows if row["from"] == "client"]
    return sent, [row["event"] for row in rows if row["from"] == "server"]


async def replay(
    server: RunningServer, sent: list[dict[str, Any]], until: str, heard: threading.Event | None = None
) -> list[dict[str, Any]]:
    """Send what was sent then, and give everything that comes, up to the first event of the type ``until``.

    ``heard`` is set when the first audio comes.
    """
    url = server.http.replace("http", "ws", 1) + "/v1/chat"
    headers = {"Authorization": f"Bearer {server.token}"}
    received: list[dict[str, Any]] = []
    async with connect(url, additional_headers=headers) as socket:
        for event in sent:
            await socket.send(json.dumps(event))
        while not received or received[-1]["event_type"] != until:
            received.append(json.loads(await socket.recv()))
            if heard is not None and received[-1]["event_type"] == "conversation.audio.delta":
                heard.set()
    return received


def kind(event: dict[str, Any]) -> str:
    """The event's type, and the message's for whole messages."""
    data = event.get("data", {})
    completed = event["event_type"] == "conversation.message.completed"
    return f"{event['event_type']}:{data['type']}" if completed else str(event["event_type"])


def shape(value: Any) -> Any:
    """Keys in their order, with what kind of value each has."""
    if isinstance(value, dict):
        return tuple((key, "any" if key in LENIENT else shape(item)) for key, item in value.items())
    if isinstance(value, str):
        patterns = {"id": r"\d{19}", "zero": "0", "empty": "", "uuid": r"[0-9a-f-]{36}", "time": r"\d{13}"}
        patterns["logid"] = r"02\d{13}[0-9a-f]{38}"
        return next((name for name, pattern in patterns.items() if re.fullmatch(pattern, value)), "text")
    return type(value).__name__


def shapes(events: list[dict[str, Any]]) -> dict[str, set[Any]]:
    """The shapes that each kind of event has."""
    found: dict[str, set[Any]] = {}
    for event in events:
        found.setdefault(kind(event), set()).add(shape(event))
    return found


def first_and_last(kinds: list[str]) -> tuple[list[str], list[str]]:
    """Kinds in the order in which each came for the first, and for the last time."""
    last = [one for index, one in enumerate(kinds) if one not in kinds[index + 1 :]]
    return list(dict.fromkeys(kinds)), last


def runs(events: list[dict[str, Any]]) -> list[str]:
    """Kinds in the order in which they came, events of one kind in a row counted once."""
    return [key for key, _ in itertools.groupby(map(kind, events))]


def of_speech(kinds: list[str], wanted: bool) -> list[str]:
    """The kinds that speech has, or all others: text comes as fast as the model writes it, beside the speech."""
    return [one for one in kinds if one.startswith("conversation.audio.") == wanted]


async def test_a_typed_question_is_answered_in_the_recorded_order_and_shape(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    sent, then = recorded("typed_question")
    answer = "".join(event["data"]["content"] for event in then if event["event_type"] == "conversation.message.delta")
    pieces = [answer[start : start + 3] for start in range(0, len(answer), 3)]
    async with talking(scripted_server) as talk:  # the first text in Mandarin waits for its voice to be loaded
        await talk.client.send("input_text.generate_audio", {"mode": "text", "text": "你好。"})
        await talk.until("conversation.audio.completed")
    heard = threading.Event()  # a model is slower than a voice: what it says last comes after the first sound
    language_model.will(Say(*pieces, pace=Pace(between_s=0.4), hurry=heard))
    now = await replay(scripted_server, sent, "conversation.chat.completed", heard)
    (first, last), (first_then, last_then) = (first_and_last([kind(event) for event in each]) for each in (now, then))
    assert first == first_then
    assert of_speech(last, True) == of_speech(last_then, True)
    assert of_speech(last, False) == of_speech(last_then, False)
    assert last[-3:] == last_then[-3:]
    assert shapes(now) == shapes(then)


async def test_a_text_to_be_spoken_comes_in_the_recorded_order_and_shape(scripted_server: RunningServer) -> None:
    sent, then = recorded("text_to_be_spoken")
    now = await replay(scripted_server, sent, "conversation.audio.completed")
    assert runs(now) == runs(then)
    assert shapes(now) == shapes(then)


async def test_a_speech_comes_in_the_recorded_order_and_shape(scripted_server: RunningServer) -> None:
    sent, then = recorded_alone("connection-0003")
    async with wired(scripted_server, "/v1/audio/speech") as wire:
        for event in sent:
            await wire.send(event["event_type"], event.get("data"))
        await wire.until(then[-1]["event_type"])
    assert runs(wire.events) == runs(then)
    assert shapes(wire.events) == shapes(then)
    (sentence,) = wire.of("conversation.audio.sentence_start")
    assert sentence["data"]["text"] == sent[0]["data"]["delta"]  # the service adds a full stop


async def test_a_transcription_comes_in_the_recorded_order_and_shape(scripted_server: RunningServer) -> None:
    """The whole text once, as coze-go relies on; the last event has it too, for @coze/api (websocket.md 5)."""
    sent, then = recorded_alone("connection-0004")
    audio = encode_wav(uploads.resampled(read_listening_audio(TRACES / "spoken_mandarin.wav"), 24_000), 24_000)
    sent[0]["data"]["delta"] = base64.b64encode(audio).decode()
    async with wired(scripted_server, "/v1/audio/transcriptions") as wire:
        for event in sent:
            await wire.send(event["event_type"], event.get("data"))
        await wire.until(then[-1]["event_type"])
    assert [kind(event) for event in wire.events] == [kind(event) for event in then]
    text = wire.events[-1].pop("data")
    assert text == wire.events[-2]["data"]
    assert shapes(wire.events) == shapes(then)
