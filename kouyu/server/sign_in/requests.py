"""What the SDKs send to the sign-in endpoints (rest.md 1.5), as JSON or as a form (RFC 6749)."""

from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from msgspec import Meta, Struct

from kouyu.domain.errors import BAD_REQUEST, ProtocolError
from kouyu.server.rest.typed import typed_body, typed_form
from kouyu.server.sign_in.errors import SignInRefused
from kouyu.store.apps import AppRecord
from kouyu.store.token_records import Permission

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
LONGEST_TOKEN_S: Final = 86_399
"""The reference's longest ``duration_seconds``."""
USUAL_TOKEN_S: Final = 900

_Text = Annotated[str, Meta(max_length=4096)]

PERMISSIONS_OF_SCOPE: Final[dict[str, tuple[Permission, ...]]] = {"Connector.botChat": ("voice", "text")}
"""The permissions of the service that the SDKs know, and those of kouyu that they stand for."""


class AccountPermission(Struct, frozen=True):
    """What the token shall permit: permissions of kouyu, or ``Connector.botChat``."""

    permission_list: Annotated[tuple[Annotated[str, Meta(max_length=100)], ...], Meta(max_length=50)] = ()


class BotChat(Struct, frozen=True):
    """The only bots that the token's clients shall talk to."""

    bot_id_list: Annotated[tuple[Annotated[str, Meta(max_length=100)], ...], Meta(max_length=100)] = ()


class AttributeConstraint(Struct, frozen=True):
    """Limits of what the token permits."""

    connector_bot_chat_attribute: BotChat = BotChat()


class Scope(Struct, frozen=True):
    """What a service app asks for; less than what it was registered with, never more."""

    account_permission: AccountPermission = AccountPermission()
    attribute_constraint: AttributeConstraint = AttributeConstraint()


class TokenRequest(Struct, frozen=True, kw_only=True):
    """A request for tokens. Which fields are needed depends on ``grant_type``; the assertion of a service app and the
    secret of a web app are in the header ``Authorization``."""

    grant_type: Annotated[
        str,
        Meta(max_length=100, description=f"authorization_code, refresh_token, {JWT_BEARER} or {DEVICE_CODE}."),
    ]
    client_id: _Text = ""
    client_secret: _Text = ""
    code: _Text = ""
    redirect_uri: _Text = ""
    code_verifier: _Text = ""
    refresh_token: _Text = ""
    device_code: _Text = ""
    assertion: Annotated[str, Meta(max_length=16_384)] = ""
    duration_seconds: Annotated[
        int, Meta(ge=0, le=LONGEST_TOKEN_S, description=f"Of a service app's token; 0: {USUAL_TOKEN_S}.")
    ] = 0
    scope: Scope = Scope()


class DeviceCodeRequest(Struct, frozen=True):
    """A device that wants to sign in."""

    client_id: _Text


async def request_of(request: Request[Any, Any, Any], shape: Any) -> Any:
    """The body as ``shape``. Raises ProtocolError."""
    if request.content_type[0] != "application/x-www-form-urlencoded":
        return await typed_body(request, shape)
    try:
        fields = dict(parse_qsl((await request.body()).decode(), max_num_fields=50))
    except ValueError as fault:
        raise ProtocolError(BAD_REQUEST, f"the form cannot be read: {fault}") from fault
    fields.pop("scope", None)  # a text there, whose names are not the service's
    return typed_form(fields, shape)


def permissions_in(scope: Scope, app: AppRecord) -> tuple[Permission, ...]:
    """What the app's token permits with this scope. Raises SignInRefused for an unknown name, or if nothing is left."""
    wanted = scope.account_permission.permission_list
    if not wanted:
        return app.permissions
    chosen: list[Permission] = []
    for name in wanted:
        found = PERMISSIONS_OF_SCOPE.get(name) or tuple(each for each in app.permissions if each == name)
        if not found:
            known = ", ".join((*PERMISSIONS_OF_SCOPE, *app.permissions))
            said = f"scope.account_permission.permission_list: {name!r} is not allowed; allowed: {known}"
            raise SignInRefused("invalid_scope", said)
        chosen.extend(found)
    granted = tuple(each for each in app.permissions if each in chosen)
    if not granted:
        has = ", ".join(app.permissions)
        said = f"scope: the app {app.name} was registered without these permissions; it has {has}"
        raise SignInRefused("invalid_scope", said)
    return granted


def bots_in(scope: Scope) -> tuple[str, ...]:
    """The only bots of this scope; empty: all."""
    return tuple(dict.fromkeys(scope.attribute_constraint.connector_bot_chat_attribute.bot_id_list))


class Tokens(msgspec.Struct, frozen=True, omit_defaults=True):
    """The tokens of an app that has signed in."""

    access_token: str
    expires_in: Annotated[int, Meta(description="When the access token expires, in Unix seconds, as the SDKs read it.")]
    token_type: Annotated[str, Meta(description="Always Bearer.")]
    refresh_token: Annotated[str, Meta(description="Not for service apps, which sign a new assertion.")] = ""


class DeviceCode(msgspec.Struct, frozen=True):
    """The codes of a device. Its user enters ``user_code`` at ``verification_uri``."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_in: Annotated[int, Meta(description="Seconds until the codes expire.")]
    interval: Annotated[int, Meta(description="Seconds between two requests for the tokens, at least.")]
