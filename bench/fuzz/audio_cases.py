"""What the fuzzing client sends on the audio endpoints, and what the rules say of it (websocket.md 4 to 6)."""

import base64
import json
import random
from typing import Any, Final

from bench.fuzz.peers import HOSTILE
from bench.fuzz.sounds import Sounds
from bench.fuzz.uplink_cases import Case
from bench.fuzz.values import Schema, Values
from kouyu.protocol.coze.audio_endpoint_uplink import AudioEndpointName

LONGEST_DELTA: Final = 65_536
"""Characters of one ``input_text_buffer.append``."""
_CONFIGURED: Final = {
    "speech": ("output_audio",),
    "transcriptions": ("input_audio", "asr_config"),
    "simult_interpretation": ("input_audio", "output_audio"),
}
"""Objects of the endpoint's configuration that ``chat.update`` has too."""


class AudioCases:
    """``schema`` is that of chat.update's data, whose objects the endpoints share."""

    def __init__(self, name: AudioEndpointName, values: Values, schema: Schema, sounds: Sounds) -> None:
        self.path = f"/v1/audio/{name}"
        self.probe = "input_text_buffer.append" if name == "speech" else "input_audio_buffer.append"
        self.answer_s = 120.0
        self.of_work = "a sentence was not spoken"
        self.probe_data: dict[str, Any] = {"delta": 5}
        self._name = name
        self._values = values
        self._sounds = sounds
        self._schema = {field: schema["properties"][field] for field in _CONFIGURED[name]}
        content = self._text if name == "speech" else self._sound
        self._kinds = (
            *(content, content, content, content, self._update, self._loose_update, self._engines),
            *(self._plain, self._plain, self._no_event, self._broken_json, self._other),
        )

    @property
    def random(self) -> random.Random:
        """What decides."""
        return self._values.random

    def text(self, largest: int) -> str:
        """A text that is hard on somebody."""
        return self._values.text(largest)

    def next(self) -> Case:
        """One more."""
        return self.random.choice(self._kinds)()

    def _case(self, kind: str, data: Any, errors: Any, field: str = "") -> Case:
        message = json.dumps({"id": "f", "event_type": kind, "data": data})
        return Case(f"{self._name}: {kind}", message, errors, field)

    def _text(self) -> Case:
        # Reading waits while more has been sent than was spoken: the longest texts have nothing in them to say.
        text = self._values.text(1000) if self.random.random() < 0.8 else " " * self._values.size(LONGEST_DELTA)
        return self._case("input_text_buffer.append", {"delta": text}, "none" if len(text) <= LONGEST_DELTA else "one")

    def _sound(self) -> Case:
        delta = base64.b64encode(self._sounds.any()).decode()
        return self._case("input_audio_buffer.append", {"delta": delta}, "any")

    def _update(self) -> Case:
        data = {name: self._values.allowed(schema) for name, schema in self._schema.items()}
        return self._case(f"{self._name}.update", data, "any")

    def _loose_update(self) -> Case:
        names = (*self._schema, "translate_config", "hot_words")
        data = {name: self.random.choice((self._values.wrong(), self._values.text(200_000))) for name in names}
        if self.random.random() < 0.5:
            term = {"original": self._values.text(101), "translation": self._values.text(101)}
            data["translate_config"] = {"glossary": [term] * self._values.size(101), "from": self._values.wrong()}
        return self._case(f"{self._name}.update", data, "any")

    def _engines(self) -> Case:
        """From now on voice and recogniser misbehave, or no longer."""
        hostile = self.random.random() < 0.6
        voice, words = f"openai-{HOSTILE if hostile else 'calm'}", HOSTILE if hostile else "calm"
        data = {"output_audio": {"voice_id": voice}, "asr_config": {"context": words}}
        return self._case(f"{self._name}.update", {name: data[name] for name in data if name in self._schema}, "any")

    def _plain(self) -> Case:
        kinds = ("input_audio_buffer.complete", "input_audio_buffer.clear", "input_text_buffer.complete")
        return self._case(self.random.choice(kinds), None, "none")

    def _no_event(self) -> Case:
        message = json.dumps(self.random.choice((5, "x", [], None, {}, {"event_type": 5}, [{}], 1e300)))
        return Case(f"{self._name}: no event", message, "one")

    def _broken_json(self) -> Case:
        size = self._values.size()
        broken = self.random.choice(("", "{", "[" * size, '{"a":' * size, '"' + "a" * size, "1" * size + "x"))
        return Case(f"{self._name}: broken JSON", broken, "one")

    def _other(self) -> Case:
        """An event of another endpoint."""
        return self._case("conversation.message.create", self._values.wrong(), "none")
