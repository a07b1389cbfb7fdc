"""Decodes JSON from other servers, models and files."""

from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")


@overload
def decode_untrusted(data: str | bytes | bytearray) -> Any: ...
@overload
def decode_untrusted(data: str | bytes | bytearray, kind: type[T]) -> T: ...
def decode_untrusted(data: str | bytes | bytearray, kind: Any = Any) -> Any:
    """Decode a value of type ``kind``. Raises msgspec.DecodeError for any fault in ``data``.

    msgspec raises RecursionError for deep nesting, also within fields that ``kind`` does not have, and
    UnicodeDecodeError for invalid UTF-8.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError as fault:
        raise msgspec.DecodeError("it is nested too deeply") from fault
    except UnicodeDecodeError as fault:
        raise msgspec.DecodeError("it is not UTF-8") from fault
