"""``/api/permission/oauth2``: tokens for apps, and codes for devices (rest.md 1.5)."""

from collections.abc import Collection
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, post
from litestar.handlers import HTTPRouteHandler

from kouyu.server.access.credentials import presented
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.server.openapi.operation import described
from kouyu.server.sign_in.errors import NEVER_STORED, REFUSALS, SignInRefused
from kouyu.server.sign_in.grants import Grants
from kouyu.server.sign_in.requests import DeviceCode, DeviceCodeRequest, TokenRequest, Tokens, request_of
from kouyu.store.issued_tokens import IssuedTokens
from kouyu.store.sign_ins import DEVICE_CODE_S, INTERVAL_S
from kouyu.store.store import Store

ROOT: Final = "/api/permission/oauth2"
_LARGEST: Final = 64 * 1024
"""Maximum size of a body, in bytes."""
_NO_FAILURE: Final = {"authorization_pending", "slow_down", "access_denied", "expired_token"}
"""Ordinary answers to a device that waits."""


def token_routes(store: Store, failures: FailureBackoff, names: Collection[str]) -> list[HTTPRouteHandler]:
    """The route handlers. ``names`` are the host names of this server. The ids of an account, an enterprise or a
    workspace in a path are not looked at: there is one of each."""
    grants = Grants(store, names)
    beginnings = FailureBackoff()

    @post(
        [
            f"{ROOT}/token",
            f"{ROOT}/account/{{account_id:str}}/token",
            f"{ROOT}/enterprise_id/{{enterprise_id:str}}/token",
        ],
        status_code=200,
        request_max_body_size=_LARGEST,
        exception_handlers=REFUSALS,
        opt=described("Tokens for an app", "Sign-in", body=TokenRequest, data=Tokens, wrapped=False, open=True),
    )
    async def token(request: Request[Any, Any, Any]) -> Response[bytes]:
        bearer = presented(request.scope["headers"], b"").token or ""
        try:
            return _answer(_tokens(await grants.issue(await request_of(request, TokenRequest), bearer)))
        except SignInRefused as refused:
            if refused.error not in _NO_FAILURE:
                _count(failures, request)
            raise

    @post(
        [f"{ROOT}/device/code", f"{ROOT}/workspace_id/{{workspace_id:str}}/device/code"],
        status_code=200,
        request_max_body_size=_LARGEST,
        exception_handlers=REFUSALS,
        opt=described(
            "Codes for a device", "Sign-in", body=DeviceCodeRequest, data=DeviceCode, wrapped=False, open=True
        ),
    )
    async def device_code(request: Request[Any, Any, Any]) -> Response[bytes]:
        _count(beginnings, request)
        given: DeviceCodeRequest = await request_of(request, DeviceCodeRequest)
        app = await store.apps.get(given.client_id)
        if app is None or app.kind != "device":
            said = f"there is no device app with the client id {given.client_id[:100]!r}; see kouyu app list"
            raise SignInRefused("invalid_client", said, status=401)
        begun = await store.sign_ins.begin_device(app)
        if begun is None:
            said = f"too many devices of {app.name} wait for their users; try again in {INTERVAL_S} s"
            raise SignInRefused("slow_down", said, status=429, retry_after_s=INTERVAL_S)
        code, user_code = begun
        return _answer(DeviceCode(code, user_code, f"{request.base_url}device", DEVICE_CODE_S, INTERVAL_S))

    return [token, device_code]


def _count(attempts: FailureBackoff, request: Request[Any, Any, Any]) -> None:
    """Count an attempt of the client's address. Raises SignInRefused if it makes too many."""
    address = (request.scope["client"] or ("", 0))[0]
    if wait_s := attempts.wait_s(address):
        said = f"too many attempts; try again in {wait_s} s"
        raise SignInRefused("slow_down", said, status=429, retry_after_s=wait_s)
    attempts.failed(address)


def _tokens(issued: IssuedTokens) -> Tokens:
    return Tokens(issued.access_secret, issued.access.expires_at or 0, "Bearer", issued.refresh_secret)


def _answer(body: msgspec.Struct) -> Response[bytes]:
    return Response(msgspec.json.encode(body), status_code=200, media_type=MediaType.JSON, headers=NEVER_STORED)
