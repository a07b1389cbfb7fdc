"""Order and shape of what comes back, against recorded sessions of the real service."""

import itertools
import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
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


def first_and_last(events: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Kinds in the order in which each came for the first, and for the last time."""
    kinds = [kind(event) for event in events]
    last = [one for index, one in enumerate(kinds) if one not in kinds[index + 1 :]]
    return list(dict.fromkeys(kinds)), last


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
    assert first_and_last(now)[0] == first_and_last(then)[0]
    assert first_and_last(now)[1][-3:] == first_and_last(then)[1][-3:]
    assert shapes(now) == shapes(then)


async def test_a_text_to_be_spoken_comes_in_the_recorded_order_and_shape(scripted_server: RunningServer) -> None:
    sent, then = recorded("text_to_be_spoken")
    now = await replay(scripted_server, sent, "conversation.audio.completed")
    assert [key for key, _ in itertools.groupby(map(kind, now))] == [
        key for key, _ in itertools.groupby(map(kind, then))
    ]
    assert shapes(now) == shapes(then)
