"""The items of a conversation: messages, calls of functions and their outputs; reading and writing of them."""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from kouyu.domain.content import LONGEST_ADDRESS, LONGEST_TEXT, MOST_PARTS
from kouyu.domain.errors import InvalidField
from kouyu.domain.text_ranges import Choice, Text
from kouyu.protocol.openai.faults import missing

ItemType = Literal["message", "function_call", "function_call_output"]
ItemStatus = Literal["in_progress", "completed", "incomplete"]
ItemRole = Literal["user", "assistant", "system"]
PartType = Literal["input_text", "input_audio", "input_image", "output_text", "output_audio"]
Absent = msgspec.UnsetType

LONGEST_OUTPUT: Final = 65_536
"""Characters of the output, and of the arguments, of a function."""

_TYPES: Final = Choice(("message", "function_call", "function_call_output"))
_ROLES: Final = Choice(("user", "assistant", "system"))
_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "user": ("input_text", "input_audio", "input_image"),
    "assistant": ("output_text", "output_audio"),
    "system": ("input_text",),
}
_BETA_PARTS: Final = {"text": "output_text", "audio": "output_audio"}
"""Names of the parts of an assistant's message in the protocol's beta."""
_ID: Final = Text(shortest=1)
_NAME: Final = Text(128, shortest=1)
_FUNCTION_TEXT: Final = Text(LONGEST_OUTPUT)
_TEXT: Final = Text(LONGEST_TEXT)
_IMAGE: Final = f"the http or https URL of an image, of at most {LONGEST_ADDRESS} characters"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message's content. ``transcript`` None: that of a user's audio, which is not known yet."""

    type: PartType
    text: str | Absent = msgspec.UNSET
    transcript: str | Absent | None = msgspec.UNSET
    image_url: str | Absent = msgspec.UNSET

    @property
    def words(self) -> str:
        """Its text, or the transcript of its audio."""
        known = self.text if self.text is not msgspec.UNSET else self.transcript
        return known if isinstance(known, str) else ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An item. Fields that its type does not have are left out, never null."""

    id: str
    object: Literal["realtime.item"] = "realtime.item"
    type: ItemType
    status: ItemStatus = "completed"
    role: ItemRole | Absent = msgspec.UNSET
    content: tuple[Part, ...] | Absent = msgspec.UNSET
    call_id: str | Absent = msgspec.UNSET
    name: str | Absent = msgspec.UNSET
    arguments: str | Absent = msgspec.UNSET
    output: str | Absent = msgspec.UNSET

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of a message; none of other items."""
        return self.content if isinstance(self.content, tuple) else ()


def spoken_question(item_id: str, transcript: str | None) -> Item:
    """The item of what the user said; ``transcript`` None: not known yet."""
    part = Part(type="input_audio", transcript=transcript)
    return Item(id=item_id, type="message", role="user", content=(part,))


def answer(item_id: str, status: ItemStatus, *parts: Part) -> Item:
    """The item of an answer."""
    return Item(id=item_id, type="message", status=status, role="assistant", content=parts)


def function_call(item_id: str, status: ItemStatus, *, call_id: str, name: str, arguments: str) -> Item:
    """The item of a call of one of the client's functions."""
    return Item(id=item_id, type="function_call", status=status, call_id=call_id, name=name, arguments=arguments)


def read_item(value: object, path: str, new_id: str) -> Item:
    """Read an item of the client, which gets ``new_id`` if it has none. Raises InvalidField or RefusedEvent."""
    if not isinstance(value, Mapping):
        raise missing(path, "an object") if value is None else InvalidField(path, value, "an object")
    item_id = new_id if value.get("id") is None else _ID.check(f"{path}.id", value["id"])
    match _required(value, "type", path, _TYPES):
        case "function_call":
            call_id = value.get("call_id")
            return function_call(
                item_id,
                "completed",
                call_id=item_id if call_id is None else _ID.check(f"{path}.call_id", call_id),
                name=_required(value, "name", path, _NAME),
                arguments=_required(value, "arguments", path, _FUNCTION_TEXT),
            )
        case "function_call_output":
            call_id = _required(value, "call_id", path, _ID)
            output = _required(value, "output", path, _FUNCTION_TEXT)
            return Item(id=item_id, type="function_call_output", call_id=call_id, output=output)
        case _:
            return _message(item_id, value, path)


def _message(item_id: str, value: Mapping[str, Any], path: str) -> Item:
    role = _required(value, "role", path, _ROLES)
    content = value.get("content")
    if not isinstance(content, list) or not content:
        raise InvalidField(f"{path}.content", content, "an array of at least one part (required)")
    if len(content) > MOST_PARTS:
        raise InvalidField(f"{path}.content", f"{len(content)} parts", f"at most {MOST_PARTS} parts")
    parts = tuple(_part(part, f"{path}.content[{index}]", role) for index, part in enumerate(content))
    return Item(id=item_id, type="message", role=role, content=parts)


def _part(value: object, path: str, role: ItemRole) -> Part:
    if not isinstance(value, Mapping):
        raise InvalidField(path, value, "an object with type")
    allowed = _PARTS[role]
    named = value.get("type")
    kind: Any = _BETA_PARTS.get(named, named) if role == "assistant" and isinstance(named, str) else named
    if kind not in allowed:
        raise InvalidField(f"{path}.type", named, ", ".join(allowed))
    if kind == "input_image":
        return Part(type=kind, image_url=_image(value.get("image_url"), f"{path}.image_url"))
    if kind in ("input_text", "output_text"):
        return Part(type=kind, text=_required(value, "text", path, _TEXT))
    transcript = value.get("transcript")
    if transcript is None:
        allowed_here = (
            "a text: audio that is not spoken into the connection is not recognised, so its words must be given"
        )
        raise missing(f"{path}.transcript", allowed_here)
    return Part(type=kind, transcript=_TEXT.check(f"{path}.transcript", transcript))


def _image(value: object, path: str) -> str:
    is_address = isinstance(value, str) and value.startswith(("https://", "http://")) and len(value) <= LONGEST_ADDRESS
    if not is_address:
        raise InvalidField(path, value, _IMAGE)
    assert isinstance(value, str)
    return value


def _required(fields: Mapping[str, Any], name: str, path: str, takes: Choice | Text) -> Any:
    value = fields.get(name)
    if value is None:
        raise missing(f"{path}.{name}", takes.allowed)
    return takes.check(f"{path}.{name}", value)


def tool_output(call: Item, output: str) -> str:
    """What a message tells of a call and its output, where no chat waits for that."""
    return f"The tool {call.name}, called with {call.arguments}, returned: {output}"


class WrittenContent(msgspec.Struct, frozen=True):
    """The content of a message as the conversation core takes it; ``text`` is "" where nothing is in it."""

    text: str
    content_type: Literal["text", "object_string"]


def written_content(item: Item) -> WrittenContent:
    """What a message of the client says."""
    if not any(part.type == "input_image" for part in item.parts):
        return WrittenContent("\n".join(filter(None, (part.words for part in item.parts))), "text")
    parts = [
        {"type": "image", "file_url": part.image_url}
        if part.type == "input_image"
        else {"type": "text", "text": part.words}
        for part in item.parts
        if part.type == "input_image" or part.words
    ]
    return WrittenContent(json.dumps(parts, ensure_ascii=False), "object_string")
