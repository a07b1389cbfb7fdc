"""The settings of a session as a client sets them, and what a ``session.update`` changes in them.

An update is applied whole or not at all. A field that it leaves out keeps its value; so does one that is null, except
where null switches something off (``turn_detection``, ``transcription``, ``noise_reduction``). Unknown fields, and
those without an effect here, are ignored.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from kouyu.domain.errors import InvalidField
from kouyu.domain.number_ranges import Number, OneOf, WholeNumber
from kouyu.domain.options import ToolDefinition
from kouyu.domain.ranges import Flag
from kouyu.domain.text_ranges import Choice, Text, Texts
from kouyu.protocol.openai.audio_formats import PCM_RATE, AudioFormat
from kouyu.protocol.openai.faults import missing
from kouyu.protocol.openai.function_tools import read_tool_choice, read_tools
from kouyu.protocol.openai.response_events import Modality

SessionType = Literal["realtime", "transcription"]
Eagerness = Literal["low", "medium", "high", "auto"]


class Transcription(msgspec.Struct, frozen=True, kw_only=True):
    """How what the user says is transcribed for the client. ``languages`` and ``keywords`` are sent back only if the
    client has set them."""

    model: str | None = None
    language: str | None = None
    prompt: str | None = None
    languages: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


class TurnDetection(msgspec.Struct, frozen=True, kw_only=True):
    """How the user's turn is found. ``eagerness`` is that of ``semantic_vad``; the other four from ``threshold`` on are
    those of ``server_vad``: ms, and a probability of speech from 0 to 1, None for the server's own."""

    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    create_response: bool = True
    interrupt_response: bool = True
    threshold: float | None = None
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    idle_timeout_ms: int | None = None
    eagerness: Eagerness = "auto"


class SessionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All that a client can set. ``voice`` None: the bot's own. ``tool_choice`` may be the name of a tool, if
    ``is_tool_forced``."""

    type: SessionType = "realtime"
    model: str = ""
    output_modalities: tuple[Modality, ...] = ("audio",)
    instructions: str | None = None
    voice: str | None = None
    speed: float = 1.0
    input_format: AudioFormat = "audio/pcm"
    output_format: AudioFormat = "audio/pcm"
    transcription: Transcription | None = None
    noise_reduction: Literal["near_field", "far_field"] | None = None
    turn_detection: TurnDetection | None = TurnDetection()
    tools: tuple[ToolDefinition, ...] = ()
    tool_choice: str = "auto"
    is_tool_forced: bool = False
    max_output_tokens: int | None = None
    temperature: float | None = None
    truncation: Any = "auto"

    @property
    def transcribes(self) -> bool:
        """Whether the client gets transcripts of what the user says."""
        return self.transcription is not None or self.type == "transcription"


_FLAG: Final = Flag()
_TYPE: Final = Choice(("realtime", "transcription"))
_NAME: Final = Text()
_INSTRUCTIONS: Final = Text(65_536)
_SPEED: Final = Number(0.25, 1.5)
_PROMPT: Final = Text(16_384)
_LANGUAGES: Final = Texts(most=16, longest=32)
_KEYWORDS: Final = Texts(most=1_000, longest=256)
_NOISE: Final = Choice(("near_field", "far_field"))
_DETECTION: Final = Choice(("server_vad", "semantic_vad"))
_EAGERNESS: Final = Choice(("low", "medium", "high", "auto"))
_PROBABILITY: Final = Number(0, 1)
_PADDING: Final = WholeNumber(0, 10_000, "ms")
_IDLE: Final = WholeNumber(5_000, 30_000, "ms")
_TOKENS: Final = WholeNumber(1, 4_096)
_TEMPERATURE: Final = Number(0, 2)
_RATIO: Final = Number(0, 1)
_VOICE: Final = Text(128, shortest=1)
_FORMATS: Final[tuple[AudioFormat, ...]] = ("audio/pcm", "audio/pcmu", "audio/pcma")


def updated(settings: SessionSettings, session: Mapping[str, Any]) -> SessionSettings:
    """The settings after a ``session.update`` with this ``session``. Raises InvalidField or RefusedEvent."""
    changes: dict[str, Any] = {}
    _take(changes, session, "session", "type", _TYPE)
    _take(changes, session, "session", "model", _NAME)
    _take(changes, session, "session", "instructions", _INSTRUCTIONS)
    _take(changes, session, "session", "temperature", _TEMPERATURE)
    if session.get("output_modalities") is not None:
        changes["output_modalities"] = read_modalities(session["output_modalities"], "session.output_modalities")
    if session.get("max_output_tokens") is not None:
        changes["max_output_tokens"] = read_tokens(session["max_output_tokens"], "session.max_output_tokens")
    if session.get("truncation") is not None:
        changes["truncation"] = _truncation(session["truncation"], "session.truncation")
    if session.get("tools") is not None:
        changes["tools"] = read_tools(session["tools"], "session.tools")
    if session.get("tool_choice") is not None:
        choice, is_forced = read_tool_choice(session["tool_choice"], "session.tool_choice")
        changes |= {"tool_choice": choice, "is_tool_forced": is_forced}
    audio = _object(session, "session", "audio")
    _input(changes, settings, _object(audio, "session.audio", "input"), "session.audio.input")
    _output(changes, _object(audio, "session.audio", "output"), "session.audio.output")
    return msgspec.structs.replace(settings, **changes)


def _input(changes: dict[str, Any], settings: SessionSettings, given: Mapping[str, Any], path: str) -> None:
    if given.get("format") is not None:
        changes["input_format"] = read_format(given["format"], f"{path}.format")
    if "transcription" in given:
        changes["transcription"] = _transcription(given, path, settings.transcription)
    if "noise_reduction" in given:
        reduction = _object(given, path, "noise_reduction")
        kind = reduction.get("type")
        changes["noise_reduction"] = None if kind is None else _NOISE.check(f"{path}.noise_reduction.type", kind)
    if "turn_detection" in given:
        changes["turn_detection"] = _turn_detection(given, path)


def _output(changes: dict[str, Any], given: Mapping[str, Any], path: str) -> None:
    if given.get("format") is not None:
        changes["output_format"] = read_format(given["format"], f"{path}.format")
    _take(changes, given, path, "speed", _SPEED)
    if given.get("voice") is not None:
        changes["voice"] = read_voice(given["voice"], f"{path}.voice")


def read_modalities(value: object, path: str) -> tuple[Modality, ...]:
    """What an answer consists of: audio, with its transcript, or text. Raises InvalidField."""
    is_list = isinstance(value, list) and bool(value)
    if not is_list or any(one not in ("audio", "text") for one in value):  # type: ignore[attr-defined]
        raise InvalidField(path, value, '["audio"], ["text"]')
    return ("audio",) if "audio" in value else ("text",)  # type: ignore[operator]


def read_tokens(value: object, path: str) -> int | None:
    """The most tokens of an answer; None for ``inf``. Raises InvalidField."""
    if value == "inf":
        return None
    if not isinstance(value, int | float):
        raise InvalidField(path, value, f'{_TOKENS.allowed}, or "inf"')
    return _TOKENS.check(path, value)


def read_voice(value: object, path: str) -> str:
    """The id of a voice, given as a text or as an object with ``id``. Raises InvalidField."""
    named = value.get("id") if isinstance(value, Mapping) else value
    return _VOICE.check(path, named)


def read_format(value: object, path: str) -> AudioFormat:
    """An audio format. Raises InvalidField."""
    if not isinstance(value, Mapping):
        raise InvalidField(path, value, f"an object whose type is {', '.join(_FORMATS)}")
    kind, rate = value.get("type"), value.get("rate")
    if kind not in _FORMATS:
        raise InvalidField(f"{path}.type", kind, ", ".join(_FORMATS))
    if kind == "audio/pcm" and rate is not None:
        OneOf((PCM_RATE,)).check(f"{path}.rate", rate)
    return kind  # type: ignore[no-any-return]  # one of them, as was just checked


def _transcription(given: Mapping[str, Any], path: str, before: Transcription | None) -> Transcription | None:
    if given["transcription"] is None:
        return None
    fields, path = _object(given, path, "transcription"), f"{path}.transcription"
    changes: dict[str, Any] = {}
    _take(changes, fields, path, "model", _NAME)
    _take(changes, fields, path, "language", _NAME)
    _take(changes, fields, path, "prompt", _PROMPT)
    _take(changes, fields, path, "languages", _LANGUAGES)
    _take(changes, fields, path, "keywords", _KEYWORDS)
    return msgspec.structs.replace(before or Transcription(), **changes)


def _turn_detection(given: Mapping[str, Any], path: str) -> TurnDetection | None:
    if given["turn_detection"] is None:
        return None
    fields, path = _object(given, path, "turn_detection"), f"{path}.turn_detection"
    if fields.get("type") is None:
        raise missing(f"{path}.type", _DETECTION.allowed)
    changes: dict[str, Any] = {"type": _DETECTION.check(f"{path}.type", fields["type"])}
    _take(changes, fields, path, "create_response", _FLAG)
    _take(changes, fields, path, "interrupt_response", _FLAG)
    if changes["type"] == "semantic_vad":
        _take(changes, fields, path, "eagerness", _EAGERNESS)
        return TurnDetection(**changes)
    _take(changes, fields, path, "threshold", _PROBABILITY)
    _take(changes, fields, path, "prefix_padding_ms", _PADDING)
    _take(changes, fields, path, "silence_duration_ms", _PADDING)
    _take(changes, fields, path, "idle_timeout_ms", _IDLE)
    return TurnDetection(**changes)


def _truncation(value: object, path: str) -> Any:
    if value in ("auto", "disabled"):
        return value
    if not isinstance(value, Mapping) or value.get("type") != "retention_ratio":
        raise InvalidField(path, value, "auto, disabled, or an object whose type is retention_ratio")
    _RATIO.check(f"{path}.retention_ratio", value.get("retention_ratio"))
    return dict(value)


def _object(fields: Mapping[str, Any], path: str, name: str) -> Mapping[str, Any]:
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidField(f"{path}.{name}", value, "an object")
    return value


def _take(changes: dict[str, Any], fields: Mapping[str, Any], path: str, name: str, takes: Any) -> None:
    """Put the checked field into ``changes``, unless it is left out or null."""
    if (value := fields.get(name)) is not None:
        changes[name] = takes.check(f"{path}.{name}", value)
