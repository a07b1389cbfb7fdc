"""JSON answers as every SDK reads them (rest.md 1.1)."""

import logging
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError, TryLater
from kouyu.server.access.error_bodies import Detail, error_body, error_code, error_status
from kouyu.server.access.sessions import TRY_AGAIN_S
from kouyu.store.errors import DatabaseAway, StoreError

log = logging.getLogger(__name__)

_SHOWN: Final = 200


class _Success(msgspec.Struct, frozen=True):
    data: Any
    detail: Detail
    code: int = 0
    msg: str = ""


def answer_success(request: Request[Any, Any, Any], data: Any, **beside: Any) -> Response[bytes]:
    """Wrap ``data`` in a success answer; ``beside`` are keys beside ``data`` (rest.md 1.1)."""
    body = msgspec.to_builtins(_Success(data, Detail(request.scope["state"]["log_id"]))) | beside
    return Response(msgspec.json.encode(body), status_code=200, media_type=MediaType.JSON)


def answer_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer an error of the framework: unknown path, wrong method, body too large or malformed."""
    match error.status_code:
        case 404 | 405:
            msg = f"this server has no {request.method} {request.url.path[:_SHOWN]}"
        case 413:
            msg = f"the body is larger than {request.route_handler.resolve_request_max_body_size()} bytes"
        case _:
            msg = error.detail
    return _answer(request, error.status_code, error_code(error.status_code), msg)


def answer_protocol_error(request: Request[Any, Any, Any], error: ProtocolError) -> Response[bytes]:
    """Answer an error that has a protocol code."""
    answer = _answer(request, error_status(error.code), error.code, error.msg)
    if isinstance(error, TryLater):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    elif error.code == errors.TOO_MANY_SESSIONS:
        answer.headers["Retry-After"] = str(TRY_AGAIN_S)
    return answer


def answer_fault(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer an internal error: the client gets the log id, the log the traceback."""
    log.error("internal error, log id %s", request.scope["state"]["log_id"], exc_info=error)
    return _answer(request, 500, errors.INTERNAL, errors.INTERNAL_MSG)


def answer_store_error(request: Request[Any, Any, Any], error: StoreError) -> Response[bytes]:
    """Answer a failed read or write of the store, as on a full disk."""
    log.error("the store failed, log id %s: %s", request.scope["state"]["log_id"], error)
    if isinstance(error, DatabaseAway):
        answer = _answer(request, 503, errors.INTERNAL, "the server's database is away; try again in a moment")
        answer.headers["Retry-After"] = str(TRY_AGAIN_S)
        return answer
    return _answer(request, 500, errors.INTERNAL, "the server could not read or save its data")


def _answer(request: Request[Any, Any, Any], status: int, code: int, msg: str) -> Response[bytes]:
    body = error_body(code, msg, request.scope["state"]["log_id"])
    return Response(body, status_code=status, media_type=MediaType.JSON)
