"""``/docs`` and ``/docs/openapi.json``. Neither needs a token: they describe the API and hold no user's data."""

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
    """The route handlers. Both answers are built once, at the first request."""
    made: dict[str, bytes] = {}

    def answer(request: Request[Any, Any, Any], wanted: str) -> bytes:
        if not made:
            document = openapi_document(request.app.routes)
            made["json"] = msgspec.json.encode(document)
            made["page"] = documentation_page(document).encode()
        return made[wanted]

    @get("/docs", opt=described("This page", "Server", answer="page", open=True), sync_to_thread=False)
    def page(request: Request[Any, Any, Any]) -> Response[bytes]:
        return Response(answer(request, "page"), media_type=MediaType.HTML, headers=_HEADERS)

    @get(
        "/docs/openapi.json",
        opt=described("The OpenAPI document of this page", "Server", wrapped=False, open=True),
        sync_to_thread=False,
    )
    def document(request: Request[Any, Any, Any]) -> Response[bytes]:
        return Response(answer(request, "json"), media_type=MediaType.JSON)

    return [page, document]
