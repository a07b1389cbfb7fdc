"""Reads messages that arrive as most of a client's do: as one whole frame of masked ASCII text (RFC 6455, 5.2)."""

from typing import Final

from websockets.frames import Frame, apply_mask  # type: ignore[attr-defined]  # compiled, where it can be

_FINAL_TEXT: Final = 0x81
_MASKED: Final = 0x80
_LENGTH_IN_TWO_BYTES: Final = 126
_MASK_BYTES: Final = 4


def whole_message(data: bytes, at: int) -> tuple[bytes, int] | None:
    """The text of the frame that begins at the byte ``at``, and the byte behind the frame.

    None if ``data`` holds no such frame there: one that is cut off, begins or continues a fragmented message, has an
    extension, 64 KiB or more, or is no text. The ordinary parser must read those.
    """
    body = at + 2 + _MASK_BYTES
    if len(data) < body or data[at] != _FINAL_TEXT:
        return None
    length = data[at + 1] - _MASKED
    if length == _LENGTH_IN_TWO_BYTES:
        body += 2
        length = int.from_bytes(data[at + 2 : at + 4], "big")
    end = body + length
    if not length >= 0 or data[at + 1] == 0xFF or len(data) < end:
        return None
    text = apply_mask(data[body:end], data[body - _MASK_BYTES : body])
    return (text, end) if text.isascii() else None


def size_of(frame: Frame) -> int:
    """Bytes that a masked frame takes, with its header."""
    length = len(frame.data)
    extended = 0 if length < _LENGTH_IN_TWO_BYTES else 2 if length < 0x10000 else 8
    return 2 + extended + _MASK_BYTES + length
