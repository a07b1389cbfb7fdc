"""The multimodal content of a message: the parts of an ``object_string`` (uplink.md, conversation.message.create)."""

from typing import Any

import msgspec

from kouyu.protocol.client_json import decode_json
from kouyu.protocol.errors import InvalidField


class TextPart(msgspec.Struct, frozen=True):
    """A piece of text."""

    text: str


class ImagePart(msgspec.Struct, frozen=True, kw_only=True):
    """A picture, by the id of an uploaded file or by address; at least one is set."""

    file_id: str | None = None
    file_url: str | None = None


class FilePart(msgspec.Struct, frozen=True, kw_only=True):
    """A document, by the id of an uploaded file or by address; at least one is set."""

    file_id: str | None = None
    file_url: str | None = None


class AudioPart(msgspec.Struct, frozen=True, kw_only=True):
    """A recording, by the id of an uploaded file or by address; at least one is set."""

    file_id: str | None = None
    file_url: str | None = None


ContentPart = TextPart | ImagePart | FilePart | AudioPart

_FILE_PARTS: dict[str, type[ImagePart] | type[FilePart] | type[AudioPart]] = {
    "image": ImagePart,
    "file": FilePart,
    "audio": AudioPart,
}


def parse_parts(content: str, path: str = "data.content") -> tuple[ContentPart, ...]:
    """The parts that the JSON text ``content`` lists, at least one.

    Raises InvalidField, with ``path`` as the field's name, if it is not a JSON array of known parts.
    """
    try:
        parts = decode_json(content)
    except (ValueError, RecursionError) as fault:
        raise InvalidField(path, f"{len(content)} characters", "the JSON text of an array of parts") from fault
    if not isinstance(parts, list) or not parts:
        raise InvalidField(path, f"{len(content)} characters", "the JSON text of an array of at least one part")
    return tuple(_part(f"{path}[{index}]", part) for index, part in enumerate(parts))


def _part(path: str, part: Any) -> ContentPart:
    if not isinstance(part, dict):
        raise InvalidField(path, part, "an object with type")
    kind = part.get("type")
    if kind == "text":
        text = part.get("text")
        if not isinstance(text, str):
            raise InvalidField(f"{path}.text", text, "a text (required)")
        return TextPart(text)
    if not isinstance(kind, str) or kind not in _FILE_PARTS:
        raise InvalidField(f"{path}.type", kind, "text, image, file, audio")
    file_id, file_url = _reference(part, "file_id", path), _reference(part, "file_url", path)
    if file_id is None and file_url is None:
        raise InvalidField(f"{path}.file_id", None, "a text, unless file_url is given")
    return _FILE_PARTS[kind](file_id=file_id, file_url=file_url)


def _reference(part: dict[str, Any], name: str, path: str) -> str | None:
    value = part.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidField(f"{path}.{name}", value, "a text")
    return value or None
