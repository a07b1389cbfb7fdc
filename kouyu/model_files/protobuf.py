"""Protobuf's wire format, as ONNX files are written in it: fields with a number each, one behind the other."""

from collections.abc import Iterator
from typing import NamedTuple


class Field(NamedTuple):
    """One field of a message."""

    number: int
    content: memoryview
    raw: memoryview
    """With its tag and length."""


def fields(message: memoryview) -> Iterator[Field]:
    """The fields of a message, in order. Raises ValueError or IndexError where it is none."""
    at = 0
    while at < len(message):
        begin = at
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                _, end = _varint(message, at)
            case 1:
                end = at + 8
            case 2:
                length, at = _varint(message, at)
                end = at + length
            case 5:
                end = at + 4
            case _:
                raise ValueError("unknown wire type")
        if end > len(message):
            raise ValueError("cut off")
        yield Field(tag >> 3, message[at:end], message[begin:end])
        at = end


def text_in(message: memoryview, number: int) -> str:
    """The first field of this number, a text; "" where there is none. Raises ValueError or IndexError."""
    return next((bytes(field.content).decode() for field in fields(message) if field.number == number), "")


def varints(packed: memoryview) -> Iterator[int]:
    """The integers of a field that has one or more. Raises IndexError where the last is cut off."""
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def field_bytes(number: int, content: bytes) -> bytes:
    """A field of bytes or a message, as it stands in a file."""
    return _varint_bytes(number << 3 | 2) + _varint_bytes(len(content)) + content


def text_bytes(number: int, text: str) -> bytes:
    """A field of a text."""
    return field_bytes(number, text.encode())


def number_bytes(number: int, value: int) -> bytes:
    """A field of an integer, 0 or more."""
    return _varint_bytes(number << 3) + _varint_bytes(value)


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


def _varint_bytes(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
