"""JSON as clients write it."""

import json
import re
from typing import Any, Final

import msgspec

_HALF_PAIR: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_decoder: Final = msgspec.json.Decoder()


def decode_json(text: str | bytes) -> Any:
    """The value. JavaScript that cuts a text within an emoji escapes half a surrogate pair: that becomes "?".

    Raises ValueError, and RecursionError for what is nested too deeply.
    """
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        if not _HALF_PAIR.search(text.encode() if isinstance(text, str) else text):
            raise
        return _decoder.decode(json.dumps(json.loads(text), ensure_ascii=False).encode(errors="replace"))
