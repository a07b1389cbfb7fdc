"""``POST /openai/v1/realtime/client_secrets``: ephemeral keys for browsers and devices; and what else there is of the
Realtime API over REST, which answers with what to use instead."""

import secrets
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import MediaType, Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard
from msgspec import Meta, Struct

from kouyu.domain import errors
from kouyu.domain.client_json import decode_json
from kouyu.domain.errors import InvalidField, TryLater
from kouyu.protocol.openai.beta import present_session
from kouyu.protocol.openai.session_object import session_object
from kouyu.protocol.openai.session_settings import SessionSettings, updated
from kouyu.server.access.sessions import TRY_AGAIN_S
from kouyu.server.openai_api.errors import PREFIX, not_supported, openai_operation
from kouyu.server.rest.typed import typed_body
from kouyu.store.client_secrets import LONGEST_S, MOST_OF_A_TOKEN, SHORTEST_S
from kouyu.store.store import Store

_DEFAULT_S: Final = 600
_BETA_S: Final = 60
_MOST_BYTES: Final = 65_536
"""Most bytes of a session."""
_TYPES: Final = ("realtime", "transcription")


class ExpiresAfter(Struct, frozen=True, kw_only=True):
    """How long the key is valid."""

    seconds: Annotated[int, Meta(ge=SHORTEST_S, le=LONGEST_S)] = _DEFAULT_S
    anchor: Literal["created_at"] = "created_at"


class ClientSecretBody(Struct, frozen=True, kw_only=True):
    """The body."""

    expires_after: ExpiresAfter = ExpiresAfter()
    session: Annotated[
        Any, Meta(description="How the conversation is set up, as in `session.update`; at most 65,536 bytes.")
    ] = None


class _AnySession(Struct, frozen=True):
    """Any object."""


class MadeClientSecret(Struct, frozen=True, kw_only=True):
    """A key, valid until ``expires_at`` (Unix seconds)."""

    value: str
    expires_at: int
    session: dict[str, Any]


def client_secret_routes(store: Store, voice_id: str, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers. ``voice_id``: the voice of sessions that name none."""

    async def made(request: Request[Any, Any, Any], session: dict[str, Any], valid_s: int) -> tuple[str, int]:
        key = await store.client_secrets.create(request.user.id, session, valid_s)
        if key is None:
            msg = f"the access token has {MOST_OF_A_TOKEN} ephemeral keys already; wait until some have expired"
            raise TryLater(errors.RATE_LIMITED, msg, TRY_AGAIN_S)
        return key

    @post(
        f"{PREFIX}/realtime/client_secrets",
        guards=[guard],
        status_code=200,
        opt=openai_operation("Make an ephemeral key", body=ClientSecretBody, data=MadeClientSecret),
    )
    async def openai_client_secret(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Make a key that opens the WebSocket of the Realtime API."""
        body = await typed_body(request, ClientSecretBody)
        session = _session((await _as_sent(request)).get("session"))
        settings = updated(SessionSettings(), session)
        value, expires_at = await made(request, session, body.expires_after.seconds)
        shown = session_object(settings, session_id=_new_id(), voice_id=voice_id)
        return _json(MadeClientSecret(value=value, expires_at=expires_at, session=shown))

    @post(
        f"{PREFIX}/realtime/sessions",
        guards=[guard],
        status_code=200,
        opt=openai_operation("Make an ephemeral key, as clients of the beta do"),
    )
    async def openai_beta_session(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Make a key; the body is the session, in the shape of the beta."""
        await typed_body(request, _AnySession)
        session = _checked({name: value for name, value in (await _as_sent(request)).items() if name != "type"})
        if not isinstance(session.get("turn_detection"), dict | None):
            raise InvalidField("turn_detection", session["turn_detection"], "an object, or null")
        updated(SessionSettings(), present_session(session))
        value, expires_at = await made(request, session, _BETA_S)
        secret = {"value": value, "expires_at": expires_at}
        return _json({**session, "id": _new_id(), "object": "realtime.session", "client_secret": secret})

    @post(
        f"{PREFIX}/realtime/calls",
        guards=[guard],
        status_code=200,
        opt=openai_operation("Offer a WebRTC call: refused"),
    )
    async def openai_call(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Say that there is no WebRTC here."""
        raise not_supported(
            None,
            "this server has no WebRTC: connect to its WebSocket, "
            f"ws(s)://{request.base_url.netloc}{PREFIX}/realtime, with an ephemeral key or an access token",
        )

    return [openai_client_secret, openai_beta_session, openai_call]


async def _as_sent(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """A body that has been checked, with its nulls, which mean something in a session."""
    body: dict[str, Any] | None = decode_json(await request.body() or b"null")
    return body or {}


def _session(given: Any) -> dict[str, Any]:
    """Check the session of a body; without a type it is ``realtime``. Raises InvalidField."""
    if given is None:
        return {"type": "realtime"}
    if not isinstance(given, dict):
        raise InvalidField("session", given, "an object")
    kind = given.get("type", "realtime")
    if kind not in _TYPES:
        raise InvalidField("session.type", kind, ", ".join(_TYPES))
    return _checked({**given, "type": kind})


def _checked(session: dict[str, Any]) -> dict[str, Any]:
    size = len(msgspec.json.encode(session))
    if size > _MOST_BYTES:
        raise InvalidField("session", f"{size} bytes", f"at most {_MOST_BYTES} bytes")
    return session


def _new_id() -> str:
    return f"sess_{secrets.token_hex(12)}"


def _json(answer: Any) -> Response[bytes]:
    return Response(msgspec.json.encode(answer), media_type=MediaType.JSON)
