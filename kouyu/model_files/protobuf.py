"""Writes protobuf's wire format, for files pinned by a hash: a library may change the order of fields."""


def field_bytes(number: int, content: bytes) -> bytes:
    """A field of bytes or a message, serialised."""
    return _varint_bytes(number << 3 | 2) + _varint_bytes(len(content)) + content


def text_bytes(number: int, text: str) -> bytes:
    """A string field."""
    return field_bytes(number, text.encode())


def number_bytes(number: int, value: int) -> bytes:
    """An integer field, 0 or more."""
    return _varint_bytes(number << 3) + _varint_bytes(value)


def _varint_bytes(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
