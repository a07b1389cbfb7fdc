"""Errors of the sign-in endpoints, in the flat form that the SDKs read there (rest.md 1.1, 1.5)."""

import logging
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError
from kouyu.server.access.error_bodies import Detail
from kouyu.store.errors import StoreError
from kouyu.store.issued_tokens import AppDeleted

log = logging.getLogger(__name__)

NEVER_STORED: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""For answers that hold a token or a code (RFC 6749, 5.1)."""


class SignInRefused(Exception):
    """``error`` is a code of RFC 6749 or RFC 8628, which SDKs compare; ``status`` the HTTP status."""

    def __init__(self, error: str, msg: str, *, status: int = 400, retry_after_s: int = 0) -> None:
        super().__init__(msg)
        self.error = error
        self.msg = msg
        self.status = status
        self.retry_after_s = retry_after_s


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Each SDK reads other keys: coze-py, coze-go and coze-java ``error_code`` and ``error_message``, coze-js ``error``
    and ``msg``. There is no ``code``: with it coze-py would not look at the others."""

    error: str
    error_code: str
    error_message: str
    error_description: str
    msg: str
    detail: Detail


def answer_refused(request: Request[Any, Any, Any], refused: SignInRefused) -> Response[bytes]:
    """Answer a refused sign-in."""
    body = _Refusal(
        error=refused.error,
        error_code=refused.error,
        error_message=refused.msg,
        error_description=refused.msg,
        msg=refused.msg,
        detail=Detail(request.scope["state"]["log_id"]),
    )
    wait = {"Retry-After": str(refused.retry_after_s)} if refused.retry_after_s else {}
    return Response(
        msgspec.json.encode(body),
        status_code=refused.status,
        media_type=MediaType.JSON,
        headers={**NEVER_STORED, **wait},
    )


def _answer_protocol_error(request: Request[Any, Any, Any], error: ProtocolError) -> Response[bytes]:
    return answer_refused(request, SignInRefused("invalid_request", error.msg))


def _answer_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    return answer_refused(request, SignInRefused("invalid_request", error.detail, status=error.status_code))


def _answer_store_error(request: Request[Any, Any, Any], error: StoreError) -> Response[bytes]:
    log.error("the store failed, log id %s: %s", request.scope["state"]["log_id"], error)
    return answer_refused(request, SignInRefused("server_error", errors.INTERNAL_MSG, status=500))


def _answer_deleted_app(request: Request[Any, Any, Any], error: AppDeleted) -> Response[bytes]:
    return answer_refused(request, SignInRefused("invalid_client", str(error), status=401))


REFUSALS: Final[ExceptionHandlersMap] = {
    SignInRefused: answer_refused,
    ProtocolError: _answer_protocol_error,
    HTTPException: _answer_http_error,
    AppDeleted: _answer_deleted_app,
    StoreError: _answer_store_error,
}
"""The exception handlers of the sign-in endpoints."""
