"""What must hold of all that a session sends in OpenAI's Realtime protocol, whatever happens in it.

The shapes are those of the types in the package ``openai``; the rest are the rules that real clients depend on.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel

Json = dict[str, Any]


def _models() -> dict[str, type[BaseModel]]:
    union = get_args(RealtimeServerEvent)[0]
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(union)}


MODELS = _models()
"""The type in the package for each event type."""
MAY_BE_NULL = {"previous_item_id", "metadata", "usage", "status_details", "session", "conversation_id"}
"""Fields in which a client takes null; of a session, all fields."""
PARTS = {"response.output_audio.delta", "response.output_audio.done", "response.output_audio_transcript.delta"}
PARTS |= {"response.output_audio_transcript.done", "response.output_text.delta", "response.output_text.done"}
PARTS |= {"response.content_part.done"}


@dataclass
class Response:
    """A response in progress."""

    is_apart: bool
    """Whether its items are none of the conversation."""
    audio: Json
    metadata: Any
    outputs: dict[str, int] = field(default_factory=dict)
    """Its items that are not done, with their indexes."""
    next_output: int = 0
    parts: set[str] = field(default_factory=set)
    """Its items that have a part that is not done."""


@dataclass
class Rules:
    """Takes in what a session sends, in its order, and raises AssertionError where a rule is broken."""

    event_ids: set[str] = field(default_factory=set)
    items: list[str] = field(default_factory=list)
    """In the order of the conversation, as a client builds it."""
    deleted: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    open: dict[str, Response] = field(default_factory=dict)
    """The responses in progress."""
    responses: set[str] = field(default_factory=set)
    speaking: set[str] = field(default_factory=set)
    transcribed: set[str] = field(default_factory=set)
    count: int = 0

    def take_all(self, texts: Sequence[str]) -> None:
        for text in texts:
            self.take(json.loads(text))

    def take(self, event: Json) -> None:
        kind = event["type"]
        MODELS[kind].model_validate(event)
        assert event["event_id"], event
        assert event["event_id"] not in self.event_ids
        self.event_ids.add(event["event_id"])
        _check_nulls(event)
        self.count += 1
        assert self.count > 1 or kind == "session.created"
        if kind.startswith("response."):
            self._take_response(kind, event)
        elif kind.startswith("conversation.item."):
            self._take_item(kind, event)
        elif kind == "input_audio_buffer.speech_started":
            self.speaking.add(event["item_id"])
        elif kind == "input_audio_buffer.speech_stopped":
            self.speaking.remove(event["item_id"])
        elif kind == "input_audio_buffer.committed":
            assert event["previous_item_id"] == (self.items[-1] if self.items else None)

    def _take_item(self, kind: str, event: Json) -> None:
        item_id = event["item"]["id"] if "item" in event else event["item_id"]
        match kind.removeprefix("conversation.item."):
            case "added":
                assert item_id not in self.items
                before = event["previous_item_id"]
                assert before is None or before in self.items
                self.items.insert(0 if before is None else self.items.index(before) + 1, item_id)
            case "done":
                assert item_id not in self.done
                self.done.add(item_id)
                if item_id in self.items:
                    index = self.items.index(item_id)
                    assert event["previous_item_id"] == (self.items[index - 1] if index else None)
                else:
                    assert item_id in self.deleted
            case "deleted":
                self.items.remove(item_id)
                self.deleted.add(item_id)
            case "input_audio_transcription.completed" | "input_audio_transcription.failed":
                assert item_id in {*self.items, *self.deleted}
                assert item_id not in self.transcribed
                self.transcribed.add(item_id)
            case "input_audio_transcription.delta":
                assert item_id in {*self.items, *self.deleted}
                assert item_id not in self.transcribed

    def _take_response(self, kind: str, event: Json) -> None:
        if kind == "response.created":
            response = event["response"]
            is_apart = response["conversation_id"] is None
            assert is_apart or all(other.is_apart for other in self.open.values()), "two responses of the conversation"
            assert response["id"] not in self.responses
            assert (response["status"], response["output"]) == ("in_progress", [])
            self.open[response["id"]] = Response(is_apart, response["audio"], response.get("metadata"))
            self.responses.add(response["id"])
        elif kind == "response.done":
            response = event["response"]
            done = self.open.pop(response["id"])
            assert response["status"] != "in_progress"
            assert (done.outputs, done.parts) == ({}, set())
            assert len(response["output"]) == done.next_output
            assert (response["conversation_id"] is None) == done.is_apart
            assert (response["audio"], response.get("metadata")) == (done.audio, done.metadata)
        else:
            self._take_output(kind, event, self.open[event["response_id"]])

    def _take_output(self, kind: str, event: Json, response: Response) -> None:
        index = event["output_index"]
        if kind == "response.output_item.added":
            item_id = event["item"]["id"]
            assert index == response.next_output
            assert all(item_id not in other.outputs for other in self.open.values())
            response.next_output += 1
            response.outputs[item_id] = index
            assert event["item"]["status"] == "in_progress"
        elif kind == "response.output_item.done":
            item_id = event["item"]["id"]
            assert response.outputs.pop(item_id) == index
            assert item_id not in response.parts
            assert event["item"]["status"] in ("completed", "incomplete")
        else:
            item_id = event["item_id"]
            assert response.outputs[item_id] == index
            if kind == "response.content_part.added":
                is_known = item_id in {*self.items, *self.deleted}
                assert is_known != response.is_apart, "conversation.item.added comes before the parts"
                response.parts.add(item_id)
            elif kind in PARTS:
                assert item_id in response.parts
                if kind == "response.content_part.done":
                    response.parts.remove(item_id)

    def check_end(self) -> None:
        """Nothing is open once all is quiet."""
        assert self.open == {}
        assert self.speaking == set()
        assert set(self.items) <= self.done


def _check_nulls(value: Any, inside: str = "") -> None:
    """No field is null that does not apply; the transcript of the user's audio is, until it is known."""
    if inside == "session":
        return
    if isinstance(value, list):
        for one in value:
            _check_nulls(one)
    if isinstance(value, dict):
        for name, one in value.items():
            is_unknown_transcript = name == "transcript" and value.get("type") == "input_audio"
            assert one is not None or name in MAY_BE_NULL or is_unknown_transcript, f"{name} is null"
            _check_nulls(one, name)
