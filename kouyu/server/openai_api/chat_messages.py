"""The messages of ``POST chat/completions`` as an agent's context."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from kouyu.agents.agent import ContextMessage
from kouyu.agents.attachments import MOST_PICTURE_BYTES
from kouyu.agents.tool_history import as_message
from kouyu.domain import errors
from kouyu.domain.client_json import decode_base64
from kouyu.domain.content import DETAILS, LONGEST_ADDRESS
from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.domain.pictures import is_data_uri, picture_in
from kouyu.domain.tool_calls import Function, ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound

_INSTRUCTING: Final = ("system", "developer")
_ROLES: Final = ("developer", "system", "user", "assistant", "tool")
_PARTS: Final = "text, image_url, input_audio, file"


class Recording(Struct, frozen=True):
    """A recording in a message; ``place`` names it in errors."""

    content: bytes
    place: str


Part = dict[str, Any] | Recording
"""A part of an ``object_string`` as the agents read it, or a recording, which becomes one when its words are known."""


class Said(Struct, frozen=True, kw_only=True):
    """A message of the user, the assistant or the system."""

    role: Literal["user", "assistant", "system"]
    parts: tuple[Part, ...]

    def heard(self, words: dict[str, str]) -> ContextMessage:
        """The message with the words of its recordings, by their places."""
        parts = [_text(words[part.place]) if isinstance(part, Recording) else part for part in self.parts]
        if all(part["type"] == "text" for part in parts):
            return ContextMessage(role=self.role, content="\n".join(part["text"] for part in parts))
        content = msgspec.json.encode(parts).decode()
        return ContextMessage(role=self.role, content=content, content_type="object_string")


class Dialogue(Struct, frozen=True, kw_only=True):
    """The messages of a request."""

    instructions: str
    """Of the system messages at the beginning."""
    entries: tuple[Said | ToolRound, ...]

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """All recordings, oldest first."""
        said = (entry for entry in self.entries if isinstance(entry, Said))
        return tuple(part for entry in said for part in entry.parts if isinstance(part, Recording))

    def context(self, words: dict[str, str]) -> tuple[tuple[ContextMessage, ...], tuple[ToolRound, ...]]:
        """The messages for an agent, and the tools that ran since the question."""
        asked = max((place for place, entry in enumerate(self.entries) if _is_question(entry)), default=-1)
        since = self.entries[asked + 1 :]
        rounds: tuple[ToolRound, ...] = ()
        kept: Sequence[Said | ToolRound] = self.entries
        if since and isinstance(since[-1], ToolRound):
            rounds = tuple(entry for entry in since if isinstance(entry, ToolRound))
            kept = self.entries[: asked + 1]
        messages = (as_message(entry) if isinstance(entry, ToolRound) else entry.heard(words) for entry in kept)
        return tuple(messages), rounds


def _is_question(entry: Said | ToolRound) -> bool:
    return isinstance(entry, Said) and entry.role == "user"


def dialogue_of(messages: Sequence[dict[str, Any]], transcript_of: Callable[[str], str | None]) -> Dialogue:
    """Check the messages. ``transcript_of`` knows what was said in an answer's audio, by its id.

    Raises InvalidField, ProtocolError.
    """
    reading = _Reading(transcript_of)
    for place, message in enumerate(messages):
        reading.take(message, f"messages[{place}]")
    return Dialogue(instructions="\n\n".join(reading.instructions), entries=tuple(reading.entries()))


class _Reading:
    """Reads one message after the other."""

    def __init__(self, transcript_of: Callable[[str], str | None]) -> None:
        self._transcript_of = transcript_of
        self.instructions: list[str] = []
        self._entries: list[Said | _Round] = []

    def entries(self) -> Iterator[Said | ToolRound]:
        """What has been read."""
        for entry in self._entries:
            yield entry.closed() if isinstance(entry, _Round) else entry

    def take(self, message: dict[str, Any], path: str) -> None:
        """Read the next message."""
        match message.get("role"):
            case "system" | "developer":
                self._take_instructions(_parts(message, path, texts_alone=True))
            case "user":
                self._entries.append(Said(role="user", parts=_parts(message, path)))
            case "assistant":
                self._take_answer(message, path)
            case "tool":
                self._take_output(message, path)
            case role:
                raise InvalidField(f"{path}.role", role, ", ".join(_ROLES))

    def _take_instructions(self, parts: tuple[Part, ...]) -> None:
        if self._entries:
            self._entries.append(Said(role="system", parts=parts))
            return
        self.instructions += [part["text"] for part in parts if isinstance(part, dict) and part["text"].strip()]

    def _take_answer(self, message: dict[str, Any], path: str) -> None:
        match message.get("audio"):
            case {"id": str(audio_id)}:
                if (said := self._transcript_of(audio_id)) is None:
                    allowed = "the id of an answer of the last hour; else send its transcript as content"
                    raise InvalidField(f"{path}.audio.id", audio_id, allowed)
                parts: tuple[Part, ...] = (_text(said),)
            case _:
                parts = _parts(message, path, texts_alone=True, may_be_missing=True)
        if any(isinstance(part, dict) and part["text"] for part in parts):
            self._entries.append(Said(role="assistant", parts=parts))
        if calls := message.get("tool_calls"):
            self._entries.append(_Round(_calls(calls, f"{path}.tool_calls")))

    def _take_output(self, message: dict[str, Any], path: str) -> None:
        wanted = message.get("tool_call_id")
        last = self._entries[-1] if self._entries else None
        if not isinstance(last, _Round) or not isinstance(wanted, str) or wanted not in last.calls:
            allowed = "the id of a call in the tool_calls of the assistant's message right before"
            raise InvalidField(f"{path}.tool_call_id", wanted, allowed)
        parts = _parts(message, path, texts_alone=True)
        last.outputs[wanted] = "\n".join(part["text"] for part in parts if isinstance(part, dict))


class _Round:
    def __init__(self, calls: dict[str, ToolCall]) -> None:
        self.calls = calls
        self.outputs: dict[str, str] = {}

    def closed(self) -> ToolRound:
        outputs = (
            ToolOutput(tool_call_id=call_id, output=self.outputs[call_id])
            for call_id in self.calls
            if call_id in self.outputs
        )
        return ToolRound(calls=tuple(self.calls.values()), outputs=tuple(outputs))


def _calls(given: Any, path: str) -> dict[str, ToolCall]:
    calls: dict[str, ToolCall] = {}
    for place, call in enumerate(given if isinstance(given, list) else [given]):
        match call:
            case {"id": str(call_id), "function": {"name": str(name), **rest}} if name:
                arguments = rest.get("arguments") or "{}"
                if not isinstance(arguments, str):
                    raise InvalidField(f"{path}[{place}].function.arguments", arguments, "JSON as a text")
                calls[call_id] = ToolCall(id=call_id, function=Function(name, arguments))
            case _:
                raise InvalidField(f"{path}[{place}]", call, "an object with id and function, which has a name")
    return calls


def _parts(
    message: dict[str, Any], path: str, *, texts_alone: bool = False, may_be_missing: bool = False
) -> tuple[Part, ...]:
    content = message.get("content")
    if isinstance(content, str):
        return (_text(content),)
    if content is None and may_be_missing:
        return ()
    if not isinstance(content, list):
        raise InvalidField(f"{path}.content", content, "a text, or a list of parts")
    parts = tuple(_part(part, f"{path}.content[{place}]") for place, part in enumerate(content))
    if texts_alone and not all(isinstance(part, dict) and part["type"] == "text" for part in parts):
        raise InvalidField(f"{path}.content", f"{len(parts)} parts", "a text, or parts of type text")
    return parts


def _part(part: Any, path: str) -> Part:
    match part:
        case {"type": "text", "text": str(text)} | {"type": "refusal", "refusal": str(text)}:
            return _text(text)
        case {"type": "image_url", "image_url": {"url": str(url), **rest}}:
            return _picture(url, rest.get("detail"), f"{path}.image_url")
        case {"type": "file", "file": {"file_id": str(file_id)}}:
            return {"type": "file", "file_id": file_id}
        case {"type": "file", "file": {"file_data": str(data)}}:
            return {"type": "file", "file_url": data}
        case {"type": "input_audio", "input_audio": {"data": str(data)}}:
            try:
                return Recording(decode_base64(data.rpartition(",")[2]), f"{path}.input_audio.data")
            except ValueError as fault:
                raise ProtocolError(errors.BAD_REQUEST, f"{path}.input_audio.data: is not base64") from fault
        case {"type": str(kind)}:
            raise InvalidField(f"{path}.type", kind, f"{_PARTS}, each with what OpenAI requires of it")
        case _:
            raise InvalidField(path, part, f"an object whose type is one of: {_PARTS}")


def _picture(url: str, detail: Any, path: str) -> dict[str, Any]:
    """A picture by its address, or in a data URI that really holds one."""
    if detail not in (None, *DETAILS):
        raise InvalidField(f"{path}.detail", detail, ", ".join(DETAILS))
    if is_data_uri(url):
        picture_in(url, f"{path}.url", MOST_PICTURE_BYTES)
    elif not url.startswith(("https://", "http://")) or len(url) > LONGEST_ADDRESS:
        allowed = f"an http or https URL of at most {LONGEST_ADDRESS} characters, or a data URI in base64"
        raise InvalidField(f"{path}.url", url, allowed)
    return {"type": "image", "file_url": url, **({"detail": detail} if detail else {})}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
