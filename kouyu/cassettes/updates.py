"""Answers by rule what a recording lacks: ``*.update`` events, which every SDK sends when it has connected."""

import time
from typing import Any, Final

import msgspec

from kouyu.cassettes.events import compact, event_type_of
from kouyu.domain import ids
from kouyu.domain.configuration import Configuration
from kouyu.protocol.coze.audio_endpoint_configuration import (
    InterpretationConfiguration,
    SpeechConfiguration,
    TranscriptionConfiguration,
    audio_to_wire,
    merge_audio,
)
from kouyu.protocol.coze.merge import merge
from kouyu.protocol.coze.wire import to_wire

_UPDATES: Final[dict[str, Any]] = {
    "chat.update": Configuration,
    "speech.update": SpeechConfiguration,
    "transcriptions.update": TranscriptionConfiguration,
    "simult_interpretation.update": InterpretationConfiguration,
}


class RuleAnswers:
    """Answers the updates of one connection with the configuration in force, as a server does."""

    def __init__(self) -> None:
        self._configurations: dict[str, Any] = {}
        self._log_id = ids.new_log_id()

    def note(self, value: Any) -> None:
        """Take in an update that the recording answers."""
        self._merged(value)

    def answer(self, value: Any) -> list[str] | None:
        """The messages that answer an update; None for every other message. A bad field keeps its old value."""
        configuration = self._merged(value)
        if configuration is None:
            return None
        wire = to_wire(configuration) if isinstance(configuration, Configuration) else audio_to_wire(configuration)
        return [
            compact(
                {
                    "event_type": f"{event_type_of(value)}d",
                    "id": ids.new_event_id(),
                    "data": msgspec.json.decode(bytes(wire)),
                    "detail": {"logid": self._log_id, "respond_at": str(int(time.time() * 1000))},
                }
            )
        ]

    def _merged(self, value: Any) -> Any:
        name = event_type_of(value) if isinstance(value, dict) else ""
        if name not in _UPDATES:
            return None
        current: Any = self._configurations.get(name) or _UPDATES[name]()
        data = value.get("data")
        given = data if isinstance(data, dict) else {}
        merged = merge(current, given) if isinstance(current, Configuration) else merge_audio(current, given)
        self._configurations[name] = merged.configuration
        return merged.configuration
