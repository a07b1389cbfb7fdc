"""Serves bots' pictures, without a token, since ``<img>`` sends none."""

from typing import Any, Final

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from kouyu.protocol.errors import NOT_FOUND, InvalidField, ProtocolError
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
    if file_id and not await _picture(files, file_id):
        raise InvalidField("icon_file_id", file_id, "the id of an uploaded PNG, JPEG, GIF or WebP picture")


def icon_routes(store: Store) -> list[HTTPRouteHandler]:
    """The route handler."""

    @get("/v1/bots/{bot_id:str}/icon", opt=described("A bot's picture", "Bots", answer="picture", open=True))
    async def icon(request: Request[Any, Any, Any], bot_id: FromPath[str]) -> Response[bytes]:
        record = await store.bots.get(bot_id)
        file_id = (record.published or record.draft).icon_file_id if record else ""
        picture = await _picture(store.files, file_id)
        if picture is None:
            raise ProtocolError(NOT_FOUND, "there is no such picture")
        kind, content = picture
        return Response(content, media_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    return [icon]


async def _picture(files: Files, file_id: str) -> tuple[str, bytes] | None:
    """Media type and content of a picture; None if the file does not exist or is not one."""
    record = await files.get(file_id) if file_id else None
    if record is None:
        return None
    content = await files.content(record)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp", content
    return next(((kind, content) for start, kind in _KINDS.items() if content.startswith(start)), None)
