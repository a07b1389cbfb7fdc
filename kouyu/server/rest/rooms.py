"""``/v1/audio/rooms``: refused, since its SDK connects to a vendor's RTC cloud, not to this server (rest.md 2.6)."""

from typing import Any, Final

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.domain.errors import NOT_FOUND, ProtocolError
from kouyu.server.openapi.operation import described

INSTEAD: Final = (
    "rooms are not served: their SDK would connect to its vendor's RTC cloud. Talk over the WebSocket /v1/chat instead:"
    " WsChatClient of @coze/api/ws-tools, or coze.websockets.chat of cozepy"
)


def room_routes(guard: Guard) -> list[HTTPRouteHandler]:
    """The route handler: an error that names what to use instead."""

    @post(
        "/v1/audio/rooms",
        guards=[guard],
        opt=described("Always an error that names what to use instead of rooms", "Audio"),
    )
    async def create(request: Request[Any, Any, Any]) -> Response[bytes]:
        raise ProtocolError(NOT_FOUND, INSTEAD)

    return [create]
