"""``/v1/kouyu/tokens``: access tokens, administered over REST (docs/guides/tokens.md)."""

import time
from typing import Annotated, Any, Literal

from litestar import Request, Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Guard
from msgspec import Meta, Struct

from kouyu.domain.errors import BAD_REQUEST, ProtocolError, UnknownId
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.typed import typed_body
from kouyu.store.audit import actor_of
from kouyu.store.errors import NameTaken
from kouyu.store.store import Store
from kouyu.store.token_records import CLIENT_PERMISSIONS, TokenLimits, TokenRecord

_Permissions = Annotated[
    tuple[
        Literal["voice", "text", "bots", "voiceprints", "diagnostics", "administration", "own_diagnostics"],
        ...,
    ],
    Meta(max_length=7),
]
_Limit = Annotated[int, Meta(ge=0, le=1_000_000_000, description="0: no limit.")] | None
_LONGEST_S = 100 * 365 * 86_400


class GivenLimits(Struct, frozen=True, kw_only=True):
    """Limits of a token; one that is left out stays as it is."""

    conversations: _Limit = None
    audio_minutes_a_day: _Limit = None
    requests_a_minute: _Limit = None

    def changes(self) -> dict[str, int | None]:
        """The limits that were given, by the fields of TokenLimits."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value or None for name, value in given.items() if value is not None}


class NewToken(Struct, frozen=True, kw_only=True):
    """A new token."""

    name: Annotated[str, Meta(max_length=64, description="1 to 64 letters, digits and _ . @ -, and not a number.")]
    owner: Annotated[str, Meta(max_length=64, description="Whose data it reads and writes.")] = ""
    permissions: Annotated[_Permissions, Meta(description="Empty: everything but administration.")] = ()
    limits: GivenLimits = GivenLimits()
    expires_in_s: Annotated[int, Meta(ge=0, le=_LONGEST_S, description="0: it does not expire.")] = 0


class TokenChanges(Struct, frozen=True, kw_only=True):
    """Changes of a token. What is left out stays."""

    permissions: Annotated[_Permissions, Meta(description="Empty: as they are.")] = ()
    limits: GivenLimits = GivenLimits()


class ShownToken(Struct, frozen=True, kw_only=True):
    """A token without its secret. Times are Unix seconds; ``expires_at`` null means never."""

    id: str
    name: str
    owner: str
    permissions: tuple[str, ...]
    limits: TokenLimits
    created_at: int
    expires_at: int | None
    last_used_at: int | None


class CreatedToken(Struct, frozen=True):
    """A token with its secret, which is not shown again."""

    token: ShownToken
    access_token: str


def token_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers, for administrators."""
    return [*_reading_routes(store, guard), *_changing_routes(store, guard)]


def _reading_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    @get("/v1/kouyu/tokens", guards=[guard], opt=described("The access tokens", "kouyu", data=list[ShownToken]))
    async def listed(request: Request[Any, Any, Any]) -> Response[bytes]:
        return answer_success(request, [_shown(record) for record in await store.tokens.list()])

    return [listed]


def _changing_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    @post(
        "/v1/kouyu/tokens",
        guards=[guard],
        status_code=200,
        opt=described("Create an access token", "kouyu", body=NewToken, data=CreatedToken),
    )
    async def create(request: Request[Any, Any, Any]) -> Response[bytes]:
        given = await typed_body(request, NewToken)
        try:
            record, secret = await store.tokens.create(
                given.name,
                int(time.time()) + given.expires_in_s if given.expires_in_s else None,
                given.permissions or CLIENT_PERMISSIONS,
                owner=given.owner,
                limits=TokenLimits(**given.limits.changes()),
            )
        except (ValueError, NameTaken) as fault:
            raise ProtocolError(BAD_REQUEST, str(fault)) from fault
        actor = actor_of(request.user)
        await store.audit.note(actor, "token.created", record.name, owner=record.owner, detail=record.grants)
        return answer_success(request, CreatedToken(_shown(record), secret))

    @put(
        "/v1/kouyu/tokens/{token_id:str}",
        guards=[guard],
        opt=described("Change an access token", "kouyu", body=TokenChanges, data=ShownToken),
    )
    async def change(request: Request[Any, Any, Any], token_id: FromPath[str]) -> Response[bytes]:
        given = await typed_body(request, TokenChanges)
        record = await store.tokens.change(
            token_id, permissions=given.permissions or None, limits=given.limits.changes()
        )
        if record is None:
            raise UnknownId("token", token_id)
        actor = actor_of(request.user)
        await store.audit.note(actor, "token.changed", record.name, owner=record.owner, detail=record.grants)
        return answer_success(request, _shown(record))

    @delete(
        "/v1/kouyu/tokens/{token_id:str}",
        guards=[guard],
        status_code=200,
        opt=described("Revoke an access token", "kouyu"),
    )
    async def revoke(request: Request[Any, Any, Any], token_id: FromPath[str]) -> Response[bytes]:
        record = await store.tokens.revoke(token_id)
        if record is None:
            raise UnknownId("token", token_id)
        await store.audit.note(actor_of(request.user), "token.revoked", record.name, owner=record.owner)
        return answer_success(request, None)

    return [create, change, revoke]


def _shown(record: TokenRecord) -> ShownToken:
    return ShownToken(
        id=record.id,
        name=record.name,
        owner=record.owner,
        permissions=record.permissions,
        limits=record.limits,
        created_at=record.created_at,
        expires_at=record.expires_at,
        last_used_at=record.last_used_at,
    )
