"""Serves bots' pictures, without a token, since ``<img>`` sends none."""

from typing import Any, Final

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from kouyu.domain.errors import NOT_FOUND, InvalidField, ProtocolError
from kouyu.server.openapi.operation import described
from kouyu.store.bots import BotProfile
from kouyu.store.files import Files
from kouyu.store.store import Store

_KINDS: Final = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def icon_url(request: Request[Any, Any, Any], bot_id: str, profile: BotProfile) -> str:
    """URL of the bot's picture; "" if it has none."""
    return f"{request.base_url}v1/bots/{bot_id}/icon" if profile.icon_file_id else ""


async def check_icon(files: Files, file_id: str) -> None:
    """Raises InvalidField if the file does not exist or is not a picture; "" means no picture."""
    record = await files.get(file_id) if file_id else None
    if file_id and (record is None or not _kind(await files.content(record))):
        raise InvalidField("icon_file_id", file_id, "the id of an uploaded PNG, JPEG, GIF or WebP picture")


def icon_routes(store: Store) -> list[HTTPRouteHandler]:
    """The route handler."""

    @get("/v1/bots/{bot_id:str}/icon", opt=described("A bot's picture", "Bots", answer="picture", open=True))
    async def icon(request: Request[Any, Any, Any], bot_id: FromPath[str]) -> Response[bytes]:
        content = await store.public_picture(bot_id)
        kind = _kind(content) if content is not None else ""
        if content is None or not kind:
            raise ProtocolError(NOT_FOUND, "there is no such picture")
        return Response(content, media_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    return [icon]


def _kind(content: bytes) -> str:
    """Media type of a picture; "" if it is not one."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _KINDS.items() if content.startswith(start)), "")
