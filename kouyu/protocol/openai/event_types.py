"""What type a client's event of any size has, without parsing it."""

from typing import Final

import msgspec

from kouyu.domain.client_json import bare_json


class _Typed(msgspec.Struct, frozen=True):
    type: str


_decoder: Final = msgspec.json.Decoder(_Typed)
"""Skips all else."""


def type_of(text: str | bytes) -> str:
    """The type of a client event; "" if it cannot be read."""
    try:
        return _decoder.decode(bare_json(text)).type
    except (ValueError, RecursionError):
        return ""
