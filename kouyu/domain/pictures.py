"""Pictures in messages: their types, by what is in them, and data URIs that hold one."""

from typing import Final

from kouyu.domain.client_json import decode_base64
from kouyu.domain.errors import InvalidField

PICTURES: Final = "a PNG, JPEG, GIF or WebP picture"
_BEGINNINGS: Final = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
_DATA: Final = "data:"
_LONGEST_SHOWN: Final = 40


def picture_type(content: bytes) -> str:
    """The media type of a picture; "" if ``content`` is none that models take."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _BEGINNINGS.items() if content.startswith(start)), "")


def is_data_uri(url: str) -> bool:
    """Whether ``url`` holds its file."""
    return url[: len(_DATA)].lower() == _DATA


def picture_in(uri: str, path: str, most_bytes: int) -> bytes:
    """The picture that a data URI holds.

    Raises InvalidField, with ``path`` as the field's name, if it is not base64, no picture, or has more than
    ``most_bytes``.
    """
    allowed = f"{PICTURES} of at most {most_bytes} bytes, as a data URI in base64"
    head, comma, body = uri.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        raise InvalidField(path, head[:_LONGEST_SHOWN], allowed)
    if len(body) * 3 // 4 > most_bytes + 2:  # no more than the padding: nothing that is too large is decoded
        raise InvalidField(path, f"{len(body) * 3 // 4} bytes", allowed)
    try:
        content = decode_base64(body)
    except ValueError as fault:
        raise InvalidField(path, f"{head[:_LONGEST_SHOWN]},{body[:_LONGEST_SHOWN]}", allowed) from fault
    if len(content) > most_bytes:
        raise InvalidField(path, f"{len(content)} bytes", allowed)
    if not picture_type(content):
        raise InvalidField(path, f"a file of {len(content)} bytes that is no such picture", allowed)
    return content
