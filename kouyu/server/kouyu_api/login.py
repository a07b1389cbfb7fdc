"""Login of the page: exchanges a link's one-time login for an access token (docs/diagnostics.md)."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler

from kouyu.domain import errors
from kouyu.domain.client_json import bare_json
from kouyu.domain.errors import ProtocolError, TryLater
from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.server.access.rest_authentication import RestAuthenticator
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.store.token_records import ALL_PERMISSIONS, TokenRecord
from kouyu.store.tokens import Tokens
from kouyu.text.untrusted_json import decode_untrusted

_LARGEST: Final = 2000
"""Maximum size of a login's body, in bytes."""


class Login(msgspec.Struct, frozen=True):
    """The login of a link, which works once."""

    login: str


class Exchanged(msgspec.Struct, frozen=True):
    """A token for the page; ``expires_at`` is in Unix seconds."""

    access_token: str
    expires_at: int | None


def login_routes(tokens: Tokens, failures: FailureBackoff, authenticator: RestAuthenticator) -> list[HTTPRouteHandler]:
    """The route handlers."""

    @post(
        "/v1/kouyu/login",
        request_max_body_size=_LARGEST,
        opt=described("Exchange a login for a token", "kouyu", body=Login, data=Exchanged, open=True),
    )
    async def login(request: Request[Any, Any, Any]) -> Response[bytes]:
        address = (request.scope["client"] or ("", 0))[0]
        exchanged = await tokens.exchange_login(_body(await request.body()).login)
        if exchanged is None:
            if wait_s := failures.wait_s(address):
                msg = f"too many failed attempts; try again in {wait_s} s"
                raise TryLater(errors.RATE_LIMITED, msg, wait_s)
            failures.failed(address)
            msg = "this login has been used, has expired, or never existed; `kouyu token link` makes a new one"
            raise ProtocolError(errors.UNAUTHORIZED, msg)
        record, secret = exchanged
        return answer_success(request, Exchanged(secret, record.expires_at))

    @post(
        "/v1/kouyu/logout",
        guards=[authenticator.permitting(*ALL_PERMISSIONS)],
        opt=described("Revoke the page's token", "kouyu"),
    )
    async def logout(request: Request[TokenRecord, Any, Any]) -> Response[bytes]:
        if not request.user.is_of_page:
            raise ProtocolError(errors.FORBIDDEN, "only a token of the page's can log out; see `kouyu token revoke`")
        await tokens.revoke(request.user.id)
        return answer_success(request, None)

    return [login, logout]


def _body(body: bytes) -> Login:
    try:
        return decode_untrusted(bare_json(body), Login)
    except msgspec.DecodeError as fault:
        raise ProtocolError(errors.BAD_REQUEST, f"the body: {fault}") from fault
