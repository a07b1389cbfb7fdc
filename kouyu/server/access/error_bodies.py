"""The JSON body, code and HTTP status of an error, as every SDK reads them (rest.md 1.1)."""

import msgspec

from kouyu.domain import errors

_CODES = {
    400: errors.BAD_REQUEST,
    401: errors.UNAUTHORIZED,
    403: errors.FORBIDDEN,
    404: errors.NOT_FOUND,
    405: errors.NOT_FOUND,
    413: errors.FILE_TOO_LARGE,
    429: errors.RATE_LIMITED,
}


_STATUSES = {code: status for status, code in _CODES.items() if status != 405} | {
    errors.CONVERSATION_NOT_FOUND: 404,
    errors.MESSAGE_NOT_FOUND: 404,
    errors.FILE_TOO_LARGE: 413,
    errors.CHAT_RUNS: 409,
    errors.CANNOT_CANCEL: 409,
    errors.TOO_MANY_SESSIONS: 503,
    errors.INTERNAL: 500,
    errors.NOT_IMPLEMENTED: 501,
}


class Detail(msgspec.Struct, frozen=True):
    """What every answer of the real service carries beside its data."""

    logid: str


class _Error(msgspec.Struct, frozen=True):
    code: int
    msg: str
    detail: Detail


def error_code(status: int) -> int:
    """The service's code for an HTTP status of 400 or above."""
    return _CODES.get(status, errors.BAD_REQUEST if status < 500 else errors.INTERNAL)


def error_status(code: int) -> int:
    """The HTTP status that goes with one of the service's codes."""
    return _STATUSES.get(code, 400 if code < errors.INTERNAL else 500)


def error_body(code: int, msg: str, log_id: str) -> bytes:
    """The JSON body of an error."""
    return msgspec.json.encode(_Error(code, msg, Detail(log_id)))
