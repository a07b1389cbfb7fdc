"""The multimodal content of a message: the parts of an ``object_string`` (uplink.md, conversation.message.create)."""

from typing import Any, Final, Literal

import msgspec

from kouyu.domain.client_json import decode_json
from kouyu.domain.errors import InvalidField


class TextPart(msgspec.Struct, frozen=True):
    """A piece of text."""

    text: str


class ImagePart(msgspec.Struct, frozen=True, kw_only=True):
    """An image, by the id of an uploaded file or by URL; at least one is set. ``detail``: how closely the model looks
    at it (of OpenAI's API); None: as the model does by itself."""

    file_id: str | None = None
    file_url: str | None = None
    detail: Literal["auto", "low", "high"] | None = None


class FilePart(msgspec.Struct, frozen=True, kw_only=True):
    """A document, by the id of an uploaded file or by URL; at least one is set."""

    file_id: str | None = None
    file_url: str | None = None


class AudioPart(msgspec.Struct, frozen=True, kw_only=True):
    """An audio recording, by the id of an uploaded file or by URL; at least one is set."""

    file_id: str | None = None
    file_url: str | None = None


DETAILS: Final = ("auto", "low", "high")
"""What ``detail`` of an image may be; another value counts as none."""

ContentPart = TextPart | ImagePart | FilePart | AudioPart

_FILE_PARTS: dict[str, type[ImagePart] | type[FilePart] | type[AudioPart]] = {
    "image": ImagePart,
    "file": FilePart,
    "audio": AudioPart,
}


LONGEST_TEXT: Final = 65_536
"""Characters of a text message, and of the text of one part."""
LONGEST_OBJECT_STRING: Final = 131_072
"""Characters of the JSON text of parts."""
MOST_PARTS: Final = 32
LONGEST_ADDRESS: Final = 4_096
"""Characters of a part's ``file_id`` and ``file_url``."""


def check_content(content: str, content_type: str, path: str, *, may_be_empty: bool) -> None:
    """Check a client's content. Raises InvalidField, with ``path`` as the field's name, if it is too long, has too many
    parts, is not a JSON array of known parts, or, unless ``may_be_empty``, contains only white space."""
    if content_type != "object_string":
        _check_length(content, LONGEST_TEXT, path)
        if not may_be_empty and not content.strip():
            raise InvalidField(path, content, f"a text of 1 to {LONGEST_TEXT} characters, not of blanks alone")
        return
    _check_length(content, LONGEST_OBJECT_STRING, path)
    parts = parse_parts(content, path)
    if len(parts) > MOST_PARTS:
        raise InvalidField(path, f"{len(parts)} parts", f"at most {MOST_PARTS} parts")
    for index, part in enumerate(parts):
        if isinstance(part, TextPart):
            _check_length(part.text, LONGEST_TEXT, f"{path}[{index}].text")
        else:
            _check_length(part.file_id or "", LONGEST_ADDRESS, f"{path}[{index}].file_id")
            _check_length(part.file_url or "", LONGEST_ADDRESS, f"{path}[{index}].file_url")
    if not may_be_empty and not any(not isinstance(part, TextPart) or part.text.strip() for part in parts):
        raise InvalidField(
            path, f"{len(parts)} parts without anything in them", "a file, or a text not of blanks alone"
        )


def _check_length(text: str, longest: int, path: str) -> None:
    if len(text) > longest:
        raise InvalidField(path, f"{len(text)} characters", f"at most {longest} characters")


def parse_parts(content: str, path: str = "data.content") -> tuple[ContentPart, ...]:
    """Parse ``content``, the JSON text of an array of at least one part.

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
    if kind == "image":
        detail = part.get("detail")
        return ImagePart(file_id=file_id, file_url=file_url, detail=detail if detail in DETAILS else None)
    return _FILE_PARTS[kind](file_id=file_id, file_url=file_url)


def _reference(part: dict[str, Any], name: str, path: str) -> str | None:
    value = part.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidField(f"{path}.{name}", value, "a text")
    return value or None
