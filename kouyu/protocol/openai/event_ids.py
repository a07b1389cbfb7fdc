"""The ``event_id`` of a client event, also of one that cannot be read."""

import re
from typing import Final

import msgspec

from kouyu.domain.client_json import MOST_ELEMENTS, bare_json


class _Identified(msgspec.Struct, frozen=True):
    event_id: str | None = None


_event_id_decoder: Final = msgspec.json.Decoder(_Identified)
"""Skips all else, so that the event of any size is answered under its id."""
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[{}\[\]]', re.DOTALL)
_TEXT_VALUE: Final = re.compile(rb'\s*:\s*("(?:[^"\\]++|\\.)*+")', re.DOTALL)
"""Possessive, so that a text without an end is read once."""


def event_id_of(text: str | bytes) -> str | None:
    """The ``event_id`` of a client event, if it can be read."""
    try:
        event_id = _event_id_decoder.decode(bare_json(text)).event_id
    except ValueError:
        return None
    except RecursionError:
        event_id = _event_id_of_nested(bare_json(text))
    return event_id or None


def _event_id_of_nested(text: bytes) -> str | None:
    """The ``event_id`` of JSON that is nested too deeply to be decoded. None for a text with so many brackets that
    reading it would take long."""
    depth = 0
    for number, token in enumerate(_TOKEN.finditer(text)):
        if number > MOST_ELEMENTS:
            return None
        found = token[0]
        depth += (found in (b"{", b"[")) - (found in (b"}", b"]"))
        if depth == 1 and found == b'"event_id"' and (value := _TEXT_VALUE.match(text, token.end())) is not None:
            return event_id_of(b'{"event_id":' + value[1] + b"}")
    return None
