"""Generates the fuzzing client's messages on ``/v1/chat``, with the answer that the rules require (uplink.md)."""

import base64
import json
import random
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from bench.fuzz.peers import HOSTILE
from bench.fuzz.sounds import Sounds
from bench.fuzz.values import Schema, Values

Errors = Literal["one", "none", "any"]
"""How many ``error`` events answer it. "any" is at most one: it depends on what is in force."""

_EVENTS: Final = (
    *("chat.update", "input_audio_buffer.append", "input_audio_buffer.complete", "input_audio_buffer.clear"),
    *("conversation.message.create", "conversation.clear", "conversation.chat.submit_tool_outputs"),
    *("conversation.chat.cancel", "input_text.generate_audio"),
)
_NEED_DATA: Final = (_EVENTS[1], _EVENTS[4], _EVENTS[6], _EVENTS[8])
MOST_BYTES_TO_SPEAK: Final = 1024


class Case(NamedTuple):
    """One message."""

    name: str
    message: str | bytes
    errors: Errors
    field: str = ""
    """What the error must name."""


class UplinkCases:
    """``schema`` is that of chat.update's data, ``files`` the address below which files can be fetched."""

    path = "/v1/chat"
    probe = "input_audio_buffer.append"
    answer_s = 30.0
    of_work = "no error of /v1/chat is one"

    def __init__(self, values: Values, schema: Schema, sounds: Sounds, files: str) -> None:
        self.probe_data: dict[str, Any] = {"delta": "*"}
        self._values = values
        self._random = values.random
        self._schema = schema
        self._sounds = sounds
        self._files = files
        self._kinds = (
            *(self._whole_update, self._bad_field, self._loose_update, self._hostile_engines) * 2,
            *(self._sound, self._format_and_sound, self._sound) * 2,
            *(self._message, self._parts, self._many_parts, self._text_to_speak, self._tool_outputs, self._prologue)
            * 2,
            *(self._plain, self._plain, self._bad_data, self._no_event, self._broken_json, self._unknown),
        )

    @property
    def random(self) -> random.Random:
        """What decides."""
        return self._random

    def text(self, largest: int) -> str:
        """Return a text that is hard to process."""
        return self._values.text(largest)

    def next(self) -> Case:
        """One more."""
        return self._random.choice(self._kinds)()

    # chat.update

    def _whole_update(self) -> Case:
        """Every field at once, each with a value that it allows alone."""
        data = self._values.allowed(self._schema)
        data.get("chat_config", {}).pop("conversation_id", None)
        return Case("chat.update, all fields", _event("chat.update", data), "any")

    def _bad_field(self) -> Case:
        path, schema = self._random.choice(list(_fields(self._schema)))
        value = self._values.refused(schema)
        if value is None or "extra_params" in path[:-1]:  # numbers are taken as texts there
            return self._whole_update()
        data: Any = value
        for name in reversed(path):
            data = {name: data}
        return Case(f"chat.update, bad {'.'.join(path)}", _event("chat.update", data), "one", path[-1])

    def _loose_update(self) -> Case:
        """Any field with any value."""
        data: dict[str, Any] = {}
        for path, _ in self._random.sample(list(_fields(self._schema)), 6):
            at = data
            for name in path[:-1]:
                at = at.setdefault(name, {})
                if not isinstance(at, dict):
                    break
            else:
                at[path[-1]] = self._random.choice((self._values.wrong(), self._values.text(200_000)))
        return Case("chat.update, any values", _event("chat.update", data), "any")

    def _hostile_engines(self) -> Case:
        """From now on voice and recogniser misbehave, or no longer."""
        hostile = self._random.random() < 0.6
        voice, words = f"openai-{HOSTILE if hostile else 'calm'}", HOSTILE if hostile else "calm"
        data = {"output_audio": {"voice_id": voice}, "asr_config": {"context": words}}
        return Case("chat.update, voice and recogniser", _event("chat.update", data), "any")

    def _prologue(self) -> Case:
        data = {"need_play_prologue": True, "prologue_content": self._values.text()}
        return Case("chat.update, a prologue", _event("chat.update", data), "any")

    # Sound

    def _sound(self) -> Case:
        delta = base64.b64encode(self._sounds.any()).decode()
        return Case("a sound in whatever format", _event(_EVENTS[1], {"delta": delta}), "any")

    def _format_and_sound(self) -> Case:
        """The format of the next sound, or a bad sound."""
        if self._random.random() < 0.5:
            data = {"input_audio": self._sounds.choose_format()}
            return Case("chat.update, input_audio", _event("chat.update", data), "none")
        bad = self._random.choice(("*", "AAA*", "{}", "\x00", "你好", "====", "A" * 5 + "-_"))
        return Case("a sound that is no base64", _event(_EVENTS[1], {"delta": bad}), "one", "data.delta")

    # Messages, texts, tools

    def _message(self) -> Case:
        role = self._random.choice(("user", "user", "assistant"))
        data = {"role": role, "content_type": "text", "content": self._values.text()}
        return Case("a message", _event(_EVENTS[4], data), "any")

    def _parts(self) -> Case:
        parts = [self._part() for _ in range(self._random.randint(1, 12))]
        return Case("a message in parts", self._object_string(json.dumps(parts)), "any")

    def _many_parts(self) -> Case:
        count = self._values.size(max(2, min(200_000, self._values.largest // 20)))
        part = self._random.choice(
            ({"type": "text", "text": "a"}, {"type": "file", "file_url": f"{self._files}/1"}, {})
        )
        broken = self._random.random() < 0.3
        content = "[" * count if broken else json.dumps([part] * count)
        return Case(f"a message of {count} parts", self._object_string(content), "one" if broken else "any")

    def _object_string(self, content: str) -> str:
        return _event(_EVENTS[4], {"role": "user", "content_type": "object_string", "content": content})

    def _part(self) -> dict[str, Any]:
        kind = self._random.choice(("text", "image", "file", "audio"))
        if kind == "text":
            return {"type": "text", "text": self._values.text(20_000)}
        reference = self._random.choice(
            (f"{self._files}/{self._random.randrange(1000)}", "http://", "http://[", self._values.text(2000))
        )
        return {"type": kind, self._random.choice(("file_url", "file_id")): reference}

    def _text_to_speak(self) -> Case:
        text = self._values.text(3 * MOST_BYTES_TO_SPEAK)
        size = len(text.encode())
        data = {"mode": "text", "text": text}
        return Case(f"{size} bytes to speak", _event(_EVENTS[8], data), "any" if size <= MOST_BYTES_TO_SPEAK else "one")

    def _tool_outputs(self) -> Case:
        count = self._random.choice((1, 1, 3, 2000))
        outputs = [
            {"tool_call_id": f"call_{number}", "output": self._values.text(100_000 if count < 5 else 1000)}
            for number in range(count)
        ]
        if self._random.random() < 0.5:
            outputs = outputs[:1]
        data = {
            "chat_id": self._values.text(50),
            "tool_outputs": outputs if len(outputs) < 5 else [outputs[0]] * len(outputs),
        }
        return Case("tool outputs for no chat", _event(_EVENTS[6], data), "any")

    # Below the fields

    def _plain(self) -> Case:
        kind = self._random.choice(
            (
                "input_audio_buffer.complete",
                "input_audio_buffer.clear",
                "conversation.clear",
                "conversation.chat.cancel",
            )
        )
        return Case(kind, _event(kind, None), "none")

    def _bad_data(self) -> Case:
        kind = self._random.choice(_NEED_DATA)
        data = self._random.choice((5, "x", [1], True, [], {"delta": 5}, {"role": "system"}, {"mode": "speech"}))
        return Case(f"{kind} with bad data", _event(kind, data), "one", "data")

    def _no_event(self) -> Case:
        values: tuple[object, ...] = (
            5,
            "x",
            [],
            None,
            {},
            {"event_type": 5},
            {"event_type": ""},
            {"event_type": None},
            [{}],
            1e300,
        )
        return Case("no event", json.dumps(self._random.choice(values)), "one")

    def _broken_json(self) -> Case:
        size = self._values.size()
        broken = (
            *(
                "",
                " ",
                "{",
                "}",
                "\x00",
                "nul",
                '{"event_type":"chat.update"',
                "{'event_type':'chat.update'}",
                "[" * size,
            ),
            *('{"a":' * size, '"' + "a" * size, "1" * size + "x", '{"event_type":"chat.update","data":{"a":01}}'),
        )
        return Case("broken JSON", self._random.choice(broken), "one")

    def _unknown(self) -> Case:
        return Case("an unknown event", _event(f"no.such.{self._random.randrange(9)}", self._values.wrong()), "none")


def _fields(schema: Schema, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Schema]]:
    """All fields with their paths, objects with fields of their own among them."""
    found = []
    for name, field in schema.get("properties", {}).items():
        found.append(((*path, name), field))
        if isinstance(field, Mapping):
            found += _fields(field, (*path, name))
    return found


def _event(event_type: str, data: Any) -> str:
    return json.dumps({"id": "f", "event_type": event_type, "data": data})
