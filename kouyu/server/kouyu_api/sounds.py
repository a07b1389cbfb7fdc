"""``/v1/kouyu/audio``: recordings of messages, to play or delete (docs/diagnostics.md)."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, delete, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.messages import known_conversation
from kouyu.store.store import Store

_SHOWN: Final = 100


class Sound(msgspec.Struct, frozen=True):
    """A recording of one message, ``duration_ms`` long."""

    message_id: str
    role: str
    media_type: str
    duration_ms: int
    bytes: int
    created_at: int


class WhichSounds(msgspec.Struct, frozen=True):
    """The conversation of the recordings."""

    conversation_id: str


class WhichSound(WhichSounds, frozen=True):
    """The message of one recording."""

    message_id: str


def sound_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers. A token that may read a message may also play its recording."""

    @get(
        "/v1/kouyu/audio",
        guards=[guard],
        opt=described("The recording of a message", "kouyu", query=WhichSound, answer="audio"),
    )
    async def hear(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation_id, message_id = _which(request)
        found = await store.of(request.user.owner).sounds.content(conversation_id, message_id)
        if found is None:
            raise _unknown(message_id)
        media_type, content = found
        return Response(content, media_type=media_type, headers={"Cache-Control": "private, no-store"})

    @get(
        "/v1/kouyu/audio/list",
        guards=[guard],
        opt=described("The recordings of a conversation", "kouyu", query=WhichSounds, data=list[Sound]),
    )
    async def listed(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation_id, _ = _which(request)
        await known_conversation(store.of(request.user.owner), conversation_id)
        sounds = [
            Sound(kept.message_id, kept.role, kept.media_type, kept.duration_ms, kept.size, kept.created_at)
            for kept in await store.of(request.user.owner).sounds.list(conversation_id)
        ]
        return answer_success(request, sounds)

    @delete(
        "/v1/kouyu/audio",
        guards=[guard],
        status_code=200,
        opt=described("Delete recordings", "kouyu", query=WhichSound),
    )
    async def remove(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation_id, message_id = _which(request)
        if not await store.of(request.user.owner).sounds.delete(conversation_id, message_id):
            raise _unknown(message_id)
        return answer_success(request, None)

    return [hear, listed, remove]


def _which(request: Request[Any, Any, Any]) -> tuple[str, str]:
    query = request.query_params
    return query.get("conversation_id", ""), query.get("message_id", "")


def _unknown(message_id: str) -> ProtocolError:
    return ProtocolError(errors.NOT_FOUND, f"message_id: no audio is kept of {message_id[:_SHOWN]!r}")
