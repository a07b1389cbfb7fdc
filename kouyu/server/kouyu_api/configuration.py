"""``/v1/kouyu/configuration``: what ``chat.update`` accepts, as a schema for building forms (docs/diagnostics.md)."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.engines.tts.engine import Voice
from kouyu.protocol.coze.configuration_schema import configuration_schema
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success


def configuration_routes(voices: Sequence[Voice], guard: Guard) -> list[HTTPRouteHandler]:
    """The route handler."""
    shown = [{"value": voice.voice_id, "label": voice.name, "languages": voice.languages} for voice in voices]
    schema = configuration_schema({"output_audio.voice_id": shown})

    @get(
        "/v1/kouyu/configuration",
        guards=[guard],
        opt=described("What chat.update accepts, as a schema", "kouyu"),
    )
    async def configuration(request: Request[Any, Any, Any]) -> Response[bytes]:
        return answer_success(request, schema)

    return [configuration]
