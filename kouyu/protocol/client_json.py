"""JSON as clients write it."""

import binascii
import json
import re
from typing import Any, Final

import msgspec

_HALF_PAIR: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_BEHIND: Final = b"\0 \t\r\n"
"""What may stand behind the value: C programs send a text with the NUL that ends it."""
_WHITE_SPACE: Final = {ord(each): None for each in " \t\r\n\v\f"}
_decoder: Final = msgspec.json.Decoder()


def decode_json(text: str | bytes) -> Any:
    """The value, also with a byte-order mark in front or NULs behind.

    JavaScript that cuts a text within an emoji escapes half a surrogate pair: that becomes "?".

    Raises ValueError, and RecursionError for what is nested too deeply.
    """
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        value = bare_json(text)
        if _HALF_PAIR.search(value):
            value = json.dumps(json.loads(value), ensure_ascii=False).encode(errors="replace")
        return _decoder.decode(value)


def bare_json(text: str | bytes) -> bytes:
    """JSON text in UTF-8 without a byte-order mark in front of it or NULs and white space behind it."""
    value = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    return value.removeprefix(_BYTE_ORDER_MARK).rstrip(_BEHIND)


def decode_base64(text: str) -> bytes:
    """The bytes of a base64 text in the standard alphabet. White space in it is skipped, its padding may be missing.

    Raises ValueError for anything else.
    """
    packed = text.translate(_WHITE_SPACE).encode("ascii")
    digits = packed.rstrip(b"=")
    if len(packed) - len(digits) > 2:
        raise ValueError("too much padding")
    return binascii.a2b_base64(digits + bytes(-len(digits) % 4).replace(b"\0", b"="), strict_mode=True)
