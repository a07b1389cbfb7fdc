"""Decoding of JSON and base64 from clients, with limits and with tolerance for what clients send."""

import binascii
import json
import re
from typing import Any, Final

import msgspec

_HALF_PAIR: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
MOST_CHARACTERS: Final = 1024 * 1024
"""Characters of one JSON text. With MOST_ELEMENTS it keeps decoding below 20 ms (msgspec 0.22: a list 0.13 µs, a long
number 0.6 µs, and without a bound 500 ms for 8 MB of empty lists)."""
LARGEST_MESSAGE: Final = 5 * 1024 * 1024
"""Most bytes of a WebSocket message: whole audio files come in one event (websocket.md 1.4), and pictures. Parsing one
takes 20 ms at most (base64 with line breaks). Other events are shorter (MOST_CHARACTERS)."""
MOST_ELEMENTS: Final = 65_536
"""Elements and fields of one JSON text: its commas, colons and opening brackets, including those within strings."""

_BEHIND: Final = b"\0 \t\r\n"
"""Bytes that may follow the value: C programs send strings with their terminating NUL."""
_WHITE_SPACE: Final = b" \t\r\n\v\f"
_decoder: Final = msgspec.json.Decoder(float_hook=float)
"""Python parses a number of more than 19 digits ten times as fast as msgspec does."""


class JsonTooLarge(ValueError):
    """The text exceeds MOST_CHARACTERS or MOST_ELEMENTS; none of it has been decoded."""


def decode_json(text: str | bytes) -> Any:
    """Decode JSON text, which may have a byte-order mark in front or NULs behind.

    An escaped lone surrogate, which JavaScript writes for a string cut within an emoji, becomes "?".

    Raises ValueError, and RecursionError for text that is nested too deeply.
    """
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        value = bare_json(text)
        if _HALF_PAIR.search(value):
            value = json.dumps(json.loads(value), ensure_ascii=False).encode(errors="replace")
        return _decoder.decode(value)


def decode_json_of_anybody(text: str | bytes, most_characters: int = MOST_CHARACTERS) -> Any:
    """As ``decode_json``, for unchecked text from a client.

    Also raises JsonTooLarge, for more than ``most_characters`` (bytes, if ``text`` is bytes) or MOST_ELEMENTS.
    """
    _check_size(text, most_characters)
    return decode_json(text)


def _check_size(text: str | bytes, most_characters: int) -> None:
    if len(text) > most_characters:
        raise JsonTooLarge(f"{len(text)} characters of JSON are not allowed; allowed: at most {most_characters}")
    if len(text) <= MOST_ELEMENTS:
        return
    packed = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    elements = sum(map(packed.count, (b",", b":", b"[", b"{")))
    if elements > MOST_ELEMENTS:
        counted = "elements and fields (commas, colons and brackets are counted)"
        raise JsonTooLarge(f"JSON with {elements} {counted} is not allowed; allowed: at most {MOST_ELEMENTS}")


def bare_json(text: str | bytes) -> bytes:
    """JSON text in UTF-8 without a byte-order mark in front of it or NULs and white space behind it."""
    value = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    return value.removeprefix(_BYTE_ORDER_MARK).rstrip(_BEHIND)


def decode_base64(text: str) -> bytes:
    """Decode base64 in the standard alphabet. White space is skipped; the padding may be missing.

    Raises ValueError for anything else.
    """
    packed = text.encode("ascii").translate(None, _WHITE_SPACE)
    digits = packed.rstrip(b"=")
    if len(packed) - len(digits) > 2:
        raise ValueError("too much padding")
    return binascii.a2b_base64(digits + bytes(-len(digits) % 4).replace(b"\0", b"="), strict_mode=True)
