"""Errors of OpenAI's Realtime protocol: the detail object of an ``error`` event, made of the faults of all layers."""

from typing import Final, Literal

import msgspec

from kouyu.domain.errors import (
    BAD_REQUEST,
    FORBIDDEN,
    INTERNAL,
    RATE_LIMITED,
    UNAUTHORIZED,
    InvalidField,
    ProtocolError,
)

ErrorType = Literal["invalid_request_error", "server_error"]

ACTIVE_RESPONSE: Final = "conversation_already_has_active_response"
NO_ACTIVE_RESPONSE: Final = "response_cancel_not_active"
TOO_MANY_RESPONSES: Final = "too_many_active_responses"
"""This server's own code: of responses apart from the conversation."""


_NAMES: Final = {
    UNAUTHORIZED: "invalid_api_key",
    FORBIDDEN: "insufficient_permissions",
    RATE_LIMITED: "rate_limit_exceeded",
}
"""Codes of what concerns the client's key: those with which it is refused before the upgrade, too."""


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong. ``param`` is the path of the field; ``event_id`` that of the client's event, if it had one."""

    type: ErrorType = "invalid_request_error"
    code: str
    message: str
    param: str | msgspec.UnsetType = msgspec.UNSET
    event_id: str | msgspec.UnsetType = msgspec.UNSET


class RefusedEvent(ProtocolError):
    """A client event that cannot be carried out, with the code and the parameter that the protocol names for it."""

    def __init__(self, name: str, msg: str, param: str | None = None) -> None:
        super().__init__(BAD_REQUEST, msg)
        self.name = name
        self.param = param


def missing(field: str, allowed: str) -> RefusedEvent:
    """The error for a required field that is missing."""
    return RefusedEvent("missing_required_parameter", f"{field} is missing; allowed: {allowed}", field)


def detail_of(fault: ProtocolError, event_id: str | None = None) -> ErrorDetail:
    """The detail object that reports ``fault`` to the client."""
    match fault:
        case RefusedEvent(name=name, msg=msg, param=param):
            return _detail(name, msg, param, event_id)
        case InvalidField(field=field, msg=msg):
            return _detail("invalid_value", msg, field, event_id)
        case _:
            return refusal(fault.code, fault.msg, "", event_id)


def refusal(code: int, msg: str, field: str, event_id: str | None) -> ErrorDetail:
    """The detail object for an error code of ``domain/errors.py``."""
    if code >= INTERNAL:
        return msgspec.structs.replace(_detail("server_error", msg, None, event_id), type="server_error")
    return _detail(_NAMES.get(code, "invalid_value"), msg, field, event_id)


def _detail(code: str, msg: str, param: str | None, event_id: str | None) -> ErrorDetail:
    return ErrorDetail(code=code, message=msg, param=param or msgspec.UNSET, event_id=event_id or msgspec.UNSET)
