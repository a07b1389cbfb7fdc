"""Which app a user is asked about, and what the user has decided.

The user has an administrator's access token, or that of the page of the app's owner. It is sent in a header, which no
other site can make a browser do, so there is nothing to forge.
"""

from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Guard
from msgspec import Meta, Struct

from kouyu.domain.errors import BAD_REQUEST, FORBIDDEN, NOT_FOUND, ProtocolError
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.typed import typed_body
from kouyu.server.sign_in.grants import challenge_of
from kouyu.store.apps import AppRecord, Apps
from kouyu.store.audit import AddEntry, actor_of
from kouyu.store.sign_ins import USER_CODE_LETTERS, SignIn
from kouyu.store.store import Store
from kouyu.store.token_records import TokenRecord, opened_by

_SHOWN: Final = 100
_Text = Annotated[str, Meta(max_length=2000)]


class Authorization(Struct, frozen=True, kw_only=True):
    """What an app's link to the consent page asks for (RFC 6749, 4.1.1; RFC 7636, 4.3)."""

    response_type: _Text = ""
    client_id: _Text = ""
    redirect_uri: _Text = ""
    state: _Text = ""
    code_challenge: _Text = ""
    code_challenge_method: Literal["", "plain", "S256"] = ""

    async def app(self, apps: Apps) -> AppRecord:
        """The app that asks. Raises ProtocolError if there is none, or it may not ask so: the user is sent nowhere
        then, since the address may be anybody's."""
        app = await apps.get(self.client_id)
        if app is None or app.kind not in ("web", "pkce"):
            said = f"there is no web or pkce app with the client id {self.client_id[:_SHOWN]!r}; see kouyu app list"
            raise ProtocolError(BAD_REQUEST, said)
        if self.redirect_uri not in app.redirect_uris:
            said = f"redirect_uri: {self.redirect_uri[:_SHOWN]!r} is none of those that {app.name} was registered with"
            raise ProtocolError(BAD_REQUEST, said)
        if self.response_type != "code":
            said = f"response_type: {self.response_type[:_SHOWN]!r} is not allowed; allowed: code"
            raise ProtocolError(BAD_REQUEST, said)
        if app.kind == "pkce" and not self.code_challenge:
            raise ProtocolError(BAD_REQUEST, f"code_challenge is missing: {app.name} has no secret, so it needs PKCE")
        return app

    @property
    def challenge(self) -> str:
        """The code challenge as S256; "" for none."""
        if not self.code_challenge or self.code_challenge_method == "S256":
            return self.code_challenge
        return challenge_of(self.code_challenge)

    def redirection(self, **says: str) -> str:
        """The redirect URI with this in its query, and the state if there is one."""
        query = urlencode(says | ({"state": self.state} if self.state else {}))
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{query}"


class Consent(Authorization, frozen=True, kw_only=True):
    """What the user has decided about an app."""

    allow: bool


class Redirection(Struct, frozen=True):
    """Where the browser goes on."""

    redirect_to: str


class DeviceConsent(Struct, frozen=True):
    """What the user has decided about a device."""

    allow: bool


class WaitingDevice(Struct, frozen=True):
    """The app of a device that waits; ``opens`` is what its tokens permit, in words."""

    app: str
    owner: str
    opens: str


def consent_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers, for users of the page."""
    return [_app_route(store, guard), *_device_routes(store, guard)]


def _app_route(store: Store, guard: Guard) -> HTTPRouteHandler:
    @post(
        "/v1/kouyu/sign_ins",
        guards=[guard],
        status_code=200,
        opt=described("Decide about an app that wants to sign in", "kouyu", body=Consent, data=Redirection),
    )
    async def decide(request: Request[Any, Any, Any]) -> Response[bytes]:
        given = await typed_body(request, Consent)
        app = await given.app(store.apps)
        _require_right(request.user, app)
        entry = _entry(store, request.user, app, given.allow)
        if not given.allow:
            await store.audit.add(entry)
            return answer_success(request, Redirection(given.redirection(error="access_denied")))
        code = await store.sign_ins.grant(app, given.redirect_uri, given.challenge, entry)
        return answer_success(request, Redirection(given.redirection(code=code)))

    return decide


def _device_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    async def waiting(user: TokenRecord, entered: str) -> tuple[SignIn, AppRecord]:
        code = "".join(letter for letter in entered.upper() if letter in USER_CODE_LETTERS)
        sign_in = await store.sign_ins.waiting(code)
        app = await store.apps.get(sign_in.app_id) if sign_in else None
        if sign_in is None or app is None:
            raise ProtocolError(NOT_FOUND, "no device waits with this code: it was used, has expired, or is mistyped")
        _require_right(user, app)
        return sign_in, app

    @get(
        "/v1/kouyu/sign_ins/{user_code:str}",
        guards=[guard],
        opt=described("The app of a device that wants to sign in", "kouyu", data=WaitingDevice),
    )
    async def show(request: Request[Any, Any, Any], user_code: FromPath[str]) -> Response[bytes]:
        _, app = await waiting(request.user, user_code)
        return answer_success(request, WaitingDevice(app.name, app.owner, opened_by(app.permissions)))

    @post(
        "/v1/kouyu/sign_ins/{user_code:str}",
        guards=[guard],
        status_code=200,
        opt=described("Decide about a device that wants to sign in", "kouyu", body=DeviceConsent),
    )
    async def decide(request: Request[Any, Any, Any], user_code: FromPath[str]) -> Response[bytes]:
        given = await typed_body(request, DeviceConsent)
        sign_in, app = await waiting(request.user, user_code)
        entry = _entry(store, request.user, app, given.allow)
        if not await store.sign_ins.decide(sign_in, "granted" if given.allow else "denied", entry):
            raise ProtocolError(NOT_FOUND, "this device's code has been used or has expired meanwhile")
        return answer_success(request, None)

    return [show, decide]


def _require_right(user: TokenRecord, app: AppRecord) -> None:
    """Raises ProtocolError if the user may not let this app in."""
    gives_no_more = "administration" not in app.permissions
    if user.permits(("administration",)) or (user.is_of_page and user.owner == app.owner and gives_no_more):
        return
    said = "letting an app in needs the permission administration, or the page of the app's owner (kouyu token link)"
    raise ProtocolError(FORBIDDEN, said)


def _entry(store: Store, user: TokenRecord, app: AppRecord, allow: bool) -> AddEntry:
    action: Literal["app.allowed", "app.denied"] = "app.allowed" if allow else "app.denied"
    return store.audit.entry(
        actor_of(user), action, app.name, owner=app.owner, detail=f"opens {opened_by(app.permissions)}" if allow else ""
    )
