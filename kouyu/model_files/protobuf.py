"""Writes protobuf's wire format, for files whose bytes are pinned by a hash: a library may order fields anew."""


def field_bytes(number: int, content: bytes) -> bytes:
    """A field of bytes or a message, as it stands in a file."""
    return _varint_bytes(number << 3 | 2) + _varint_bytes(len(content)) + content


def text_bytes(number: int, text: str) -> bytes:
    """A field of a text."""
    return field_bytes(number, text.encode())


def number_bytes(number: int, value: int) -> bytes:
    """A field of an integer, 0 or more."""
    return _varint_bytes(number << 3) + _varint_bytes(value)


def _varint_bytes(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
