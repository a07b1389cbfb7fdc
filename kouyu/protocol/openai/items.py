"""The items of a conversation: messages, calls of functions and their outputs; reading and writing of them."""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from kouyu.domain.content import DETAILS, LONGEST_TEXT, MOST_PARTS
from kouyu.domain.errors import InvalidField
from kouyu.domain.text_ranges import Choice, Text
from kouyu.protocol.openai.faults import missing
from kouyu.protocol.openai.inline_media import InlineMedia
from kouyu.protocol.wire import Saved

ItemType = Literal["message", "function_call", "function_call_output"]
ItemStatus = Literal["in_progress", "completed", "incomplete"]
ItemRole = Literal["user", "assistant", "system"]
PartType = Literal["input_text", "input_audio", "input_image", "output_text", "output_audio"]
Detail = Literal["auto", "low", "high"]
Absent = msgspec.UnsetType

LONGEST_OUTPUT: Final = 65_536
"""Characters of the output, and of the arguments, of a function."""

LONGEST_SHOWN: Final = 262_144
"""Characters of a data URI that comes back in ``conversation.item.added``: clients take in messages of a megabyte. A
longer one is in ``conversation.item.retrieved`` alone, which a client asks for."""

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
_DETAIL: Final = Choice(DETAILS)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message's content. ``transcript`` None: that of a user's audio, which is not known yet. A picture
    that is kept as an upload has no ``image_url``."""

    type: PartType
    text: str | Absent = msgspec.UNSET
    transcript: str | Absent | None = msgspec.UNSET
    image_url: str | Absent = msgspec.UNSET
    detail: Detail | Absent = msgspec.UNSET

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


class ReadItem(msgspec.Struct, frozen=True):
    """An item of the client. ``files`` are the uploads that its pictures have become, by the indexes of the parts."""

    item: Item
    files: Mapping[int, str] = {}


def read_item(value: object, path: str, new_id: str, media: InlineMedia) -> ReadItem:
    """Read an item of the client, which gets ``new_id`` if it has none. Raises InvalidField or RefusedEvent."""
    if not isinstance(value, Mapping):
        raise missing(path, "an object") if value is None else InvalidField(path, value, "an object")
    item_id = new_id if value.get("id") is None else _ID.check(f"{path}.id", value["id"])
    match _required(value, "type", path, _TYPES):
        case "function_call":
            call_id = value.get("call_id")
            call = function_call(
                item_id,
                "completed",
                call_id=item_id if call_id is None else _ID.check(f"{path}.call_id", call_id),
                name=_required(value, "name", path, _NAME),
                arguments=_required(value, "arguments", path, _FUNCTION_TEXT),
            )
            return ReadItem(call)
        case "function_call_output":
            call_id = _required(value, "call_id", path, _ID)
            output = _required(value, "output", path, _FUNCTION_TEXT)
            return ReadItem(Item(id=item_id, type="function_call_output", call_id=call_id, output=output))
        case _:
            return _message(item_id, value, path, media)


def shown_item(read: ReadItem, given: object) -> Item:
    """The item with those data URIs of ``given``, which it was read from, that are not too long to be sent back."""
    assert isinstance(given, Mapping)
    parts = list(read.item.parts)
    for index in read.files:
        uri = given["content"][index]["image_url"]
        if len(uri) <= LONGEST_SHOWN:
            parts[index] = msgspec.structs.replace(parts[index], image_url=uri)
    return msgspec.structs.replace(read.item, content=tuple(parts))


def _message(item_id: str, value: Mapping[str, Any], path: str, media: InlineMedia) -> ReadItem:
    role = _required(value, "role", path, _ROLES)
    content = value.get("content")
    if not isinstance(content, list) or not content:
        raise InvalidField(f"{path}.content", content, "an array of at least one part (required)")
    if len(content) > MOST_PARTS:
        raise InvalidField(f"{path}.content", f"{len(content)} parts", f"at most {MOST_PARTS} parts")
    parts: list[Part] = []
    files: dict[int, str] = {}
    for index, given in enumerate(content):
        part, file_id = _part(given, f"{path}.content[{index}]", role, media)
        parts.append(part)
        if file_id is not None:
            files[index] = file_id
    return ReadItem(Item(id=item_id, type="message", role=role, content=tuple(parts)), files)


def _part(value: object, path: str, role: ItemRole, media: InlineMedia) -> tuple[Part, str | None]:
    """A part, and the upload that its picture has become."""
    if not isinstance(value, Mapping):
        raise InvalidField(path, value, "an object with type")
    allowed = _PARTS[role]
    named = value.get("type")
    kind: Any = _BETA_PARTS.get(named, named) if role == "assistant" and isinstance(named, str) else named
    if kind not in allowed:
        raise InvalidField(f"{path}.type", named, ", ".join(allowed))
    if kind == "input_image":
        return _image(value, path, media)
    if kind in ("input_text", "output_text"):
        return Part(type=kind, text=_required(value, "text", path, _TEXT)), None
    transcript = value.get("transcript")
    if transcript is not None:
        return Part(type=kind, transcript=_TEXT.check(f"{path}.transcript", transcript)), None
    if kind == "output_audio":
        raise missing(f"{path}.transcript", f"{_TEXT.allowed}: audio of the assistant is not recognised")
    return Part(type=kind, transcript=media.transcript(value, path)), None


def _image(value: Mapping[str, Any], path: str, media: InlineMedia) -> tuple[Part, str | None]:
    given = value.get("detail")
    detail: Any = msgspec.UNSET if given is None else _DETAIL.check(f"{path}.detail", given)
    picture = media.picture(value.get("image_url"), f"{path}.image_url")
    if isinstance(picture, Saved):
        return Part(type="input_image", detail=detail), picture.file_id
    return Part(type="input_image", image_url=picture, detail=detail), None


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


def written_content(item: Item, files: Mapping[int, str]) -> WrittenContent:
    """What a message of the client says. ``files``: see ReadItem."""
    if not any(part.type == "input_image" for part in item.parts):
        return WrittenContent("\n".join(filter(None, (part.words for part in item.parts))), "text")
    parts = [
        _picture(part, files.get(index)) if part.type == "input_image" else {"type": "text", "text": part.words}
        for index, part in enumerate(item.parts)
        if part.type == "input_image" or part.words
    ]
    return WrittenContent(json.dumps(parts, ensure_ascii=False), "object_string")


def _picture(part: Part, file_id: str | None) -> dict[str, str]:
    where = {"file_url": str(part.image_url)} if file_id is None else {"file_id": file_id}
    return {"type": "image", **where, **({"detail": part.detail} if isinstance(part.detail, str) else {})}
