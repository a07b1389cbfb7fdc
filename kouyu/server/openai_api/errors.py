"""Errors as OpenAI's clients read them: an HTTP status, and ``{"error": {message, type, param, code}}``."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from kouyu.domain import errors
from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.protocol.openai.faults import RefusedEvent
from kouyu.server.access.error_bodies import error_status
from kouyu.server.openapi.operation import described

PREFIX: Final = "/openai/v1"
"""The path of the API: what comes after it is what comes after OpenAI's ``/v1``."""

_CODES: Final = {
    401: "invalid_api_key",
    403: "insufficient_permissions",
    404: "not_found",
    405: "method_not_supported",
    409: "conflict",
    413: "request_too_large",
    429: "rate_limit_exceeded",
    503: "server_overloaded",
}
_FIELD: Final = re.compile(r"([A-Za-z_][\w.\[\]-]*): ")
"""How the texts begin of errors that concern one field."""


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong. ``param`` is the field; ``code`` is for programs."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every error."""

    error: ErrorDetail


def openai_operation(summary: str, **says: Any) -> dict[str, Any]:
    """As ``described``, for a route of OpenAI's API."""
    return described(summary, "OpenAI", wrapped=False, error=ErrorBody, **says)


class OpenAIError(ProtocolError):
    """An error with a code that OpenAI's clients know: ``model_not_found``."""

    def __init__(self, code: int, msg: str, *, param: str | None = None, name: str) -> None:
        super().__init__(code, msg)
        self.param = param
        self.name = name


def not_supported(param: str | None, msg: str) -> OpenAIError:
    """The refusal of what this server cannot do. A 400, since clients send a 501 again."""
    return OpenAIError(errors.BAD_REQUEST, msg, param=param, name="unsupported_value")


def error_of(status: int, msg: str, *, param: str | None = None, code: str | None = None) -> ErrorBody:
    """The body of an error with this HTTP status."""
    match status:
        case 429:
            kind = "rate_limit_error"
        case _ if status >= 500:
            kind = "server_error"
        case _:
            kind = "invalid_request_error"
    return ErrorBody(ErrorDetail(message=msg, type=kind, param=param, code=code or _CODES.get(status)))


def body_of(status: int, error: ProtocolError) -> ErrorBody:
    """The body of an error with a protocol code, whose HTTP status is ``status``."""
    match error:
        case OpenAIError(param=param, name=name) | RefusedEvent(param=param, name=name):
            return error_of(status, error.msg, param=param, code=name)
        case InvalidField(field=param):
            return error_of(status, error.msg, param=param, code="invalid_value")
        case _:
            field = _FIELD.match(error.msg) if error.code in _ABOUT_FIELDS else None
            return error_of(status, error.msg, param=field[1] if field else None)


_ABOUT_FIELDS: Final = (errors.BAD_REQUEST, errors.FILE_FORMAT_REFUSED)


def status_of(error: ProtocolError) -> int:
    """The HTTP status of an error with a protocol code."""
    return 400 if error.code == errors.NOT_IMPLEMENTED else error_status(error.code)


def in_openai_shape(handlers: ExceptionHandlersMap) -> ExceptionHandlersMap:
    """The handlers, with the answers below PREFIX in the shape of OpenAI's errors: unknown paths too."""
    return {kind: _shaped(handler) for kind, handler in handlers.items()}


def _shaped(handler: Callable[[Any, Any], Response[Any]]) -> Callable[[Request[Any, Any, Any], Any], Response[Any]]:
    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        answered = handler(request, error)
        if not request.scope["path"].startswith(f"{PREFIX}/"):
            return answered
        match error:
            case ProtocolError():
                status = status_of(error)
                body = body_of(status, error)
            case HTTPException(status_code=404):
                status, body = 404, error_of(404, _told(answered), code="unknown_url")
            case _:
                status = answered.status_code or 500
                body = error_of(status, _told(answered))
        headers = {name: value for name, value in answered.headers.items() if name.lower() == "retry-after"}
        return Response(msgspec.json.encode(body), status_code=status, media_type=MediaType.JSON, headers=headers)

    return answer


def _told(answered: Response[Any]) -> str:
    """The text of an answer in the protocol's own shape."""
    return str(msgspec.json.decode(answered.content)["msg"])
