"""Error codes of the service (rest.md 6) and the exception that carries one to the edge."""

from typing import Final

BAD_REQUEST: Final = 4000
CONVERSATION_NOT_FOUND: Final = 4002
META_DATA_OVER_LIMIT: Final = 4003
TOO_MANY_SESSIONS: Final = 4009
UNAUTHORIZED: Final = 4100
FORBIDDEN: Final = 4101
NOT_FOUND: Final = 4200
INTERNAL: Final = 5000


class ProtocolError(Exception):
    """A fault to be told to the client with its code; the connection goes on unless the edge says otherwise."""

    def __init__(self, code: int, msg: str) -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg


class InvalidField(ProtocolError):
    """A known field with a value outside its range. Names field, value and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(BAD_REQUEST, f"{field}: {value!r} is not allowed; allowed: {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed
