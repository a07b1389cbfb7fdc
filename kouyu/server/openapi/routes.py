"""``/docs`` and ``/docs/openapi.json``. Neither needs a token: they describe the API and hold no user's data."""

import asyncio
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler

from kouyu.server.openapi.document import openapi_document
from kouyu.server.openapi.operation import described
from kouyu.server.openapi.page import documentation_page

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The page uses inline styles, and loads nothing."""


def documentation_routes() -> list[HTTPRouteHandler]:
    """The route handlers. Both answers are built once, at the first request, on a thread: that takes 50 ms."""
    made: dict[str, bytes] = {}
    one_at_a_time = asyncio.Lock()

    def make(routes: Any) -> None:
        document = openapi_document(routes)
        made["json"] = msgspec.json.encode(document)
        made["page"] = documentation_page(document).encode()

    async def answer(request: Request[Any, Any, Any], wanted: str) -> bytes:
        async with one_at_a_time:
            if not made:
                await asyncio.to_thread(make, request.app.routes)
        return made[wanted]

    @get("/docs", opt=described("This page", "Server", answer="page", open=True))
    async def page(request: Request[Any, Any, Any]) -> Response[bytes]:
        return Response(await answer(request, "page"), media_type=MediaType.HTML, headers=_HEADERS)

    @get(
        "/docs/openapi.json",
        opt=described("The OpenAPI document of this page", "Server", wrapped=False, open=True),
    )
    async def document(request: Request[Any, Any, Any]) -> Response[bytes]:
        return Response(await answer(request, "json"), media_type=MediaType.JSON)

    return [page, document]
