"""Error codes of the service (rest.md 6), and the exceptions that carry one to the client."""

import json
from collections.abc import Sequence
from typing import Final

BAD_REQUEST: Final = 4000
CONVERSATION_NOT_FOUND: Final = 4002
META_DATA_OVER_LIMIT: Final = 4003
TOO_MANY_MESSAGES: Final = 4004
MESSAGE_NOT_FOUND: Final = 4005
TOO_MANY_SESSIONS: Final = 4009
RATE_LIMITED: Final = 4013
CHAT_RUNS: Final = 4016
NOT_PUBLISHED: Final = 4015
UNAUTHORIZED: Final = 4100
FORBIDDEN: Final = 4101
CANNOT_CANCEL: Final = 4104
NOT_FOUND: Final = 4200
FILE_EMPTY: Final = 4300
ONE_FILE_AT_A_TIME: Final = 4301
FILE_TOO_LARGE: Final = 4302
FILE_FORMAT_REFUSED: Final = 4303
FILE_REFUSED: Final = 4304
INTERNAL: Final = 5000
INTERNAL_MSG: Final = "internal error (the server log says why)"
"""The text for a fault of the server: the details, which may quote what was said, go to the log."""
NOT_IMPLEMENTED: Final = 5001
"""This server's own code: no engine supports the request."""

_UNKNOWN: Final = {"conversation": CONVERSATION_NOT_FOUND, "message": MESSAGE_NOT_FOUND}
"""Kinds with an error code of their own."""

_SHOWN: Final = 100
"""Characters of a client's value that an error quotes."""


_encoder: Final = json.JSONEncoder(ensure_ascii=False)


class ProtocolError(Exception):
    """An error to report to the client with its code; the connection continues unless the endpoint closes it."""

    def __init__(self, code: int, msg: str) -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg


class TryLater(ProtocolError):
    """A limit refuses this now; the same may succeed in ``retry_after_s`` seconds."""

    def __init__(self, code: int, msg: str, retry_after_s: int) -> None:
        super().__init__(code, msg)
        self.retry_after_s = retry_after_s


class UnknownId(ProtocolError):
    """No object of this ``kind`` has the requested id; ``where`` says where it was looked up."""

    def __init__(self, kind: str, wanted: str, where: str = "") -> None:
        code = _UNKNOWN.get(kind, NOT_FOUND)
        super().__init__(code, f"there is no {kind} {wanted[:_SHOWN]!r} {where}".rstrip())


class InvalidField(ProtocolError):
    """A known field has a value outside its range. Names field, value (as JSON, cut if long) and the allowed range."""

    def __init__(self, field: str, value: object, allowed: str, *, code: int = BAD_REQUEST) -> None:
        super().__init__(code, f"{field}: {_as_json(value)} is not allowed; allowed: {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed

    @property
    def object_name(self) -> str:
        """The top-level object or field that the error is about, for example ``output_audio``."""
        return self.field.split(".")[1].partition("[")[0]


def all_in_one(faults: Sequence[ProtocolError]) -> ProtocolError:
    """Combine ``faults`` (at least one) into one error with all messages; its code is theirs if they agree."""
    codes = {fault.code for fault in faults}
    return ProtocolError(codes.pop() if len(codes) == 1 else BAD_REQUEST, " | ".join(fault.msg for fault in faults))


def _as_json(value: object, limit: int = _SHOWN) -> str:
    text = ""
    try:
        # Encode no more than is quoted.
        pieces = _encoder.iterencode(value[: limit + 1] if isinstance(value, str) else value)
        while len(text) <= limit and (piece := next(pieces, None)) is not None:
            text += piece
    except TypeError:
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= limit else f"{text[:limit]}…"
