"""The pages on which a user lets an app or a device in."""

from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment
from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler

from kouyu.domain.errors import ProtocolError
from kouyu.server.openapi.operation import described
from kouyu.server.rest.typed import typed_query
from kouyu.server.sign_in.consent import Authorization
from kouyu.server.sign_in.token_routes import ROOT
from kouyu.store.store import Store
from kouyu.store.token_records import opened_by

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""No other site may show the page in a frame, where a click could be lured onto "Allow"."""
_FILES: Final = {"consent.js": "text/javascript", "consent.css": "text/css"}


def consent_page_routes(store: Store) -> list[HTTPRouteHandler]:
    """The route handlers. The pages need no token; what they do needs the user's."""
    here = files(__package__)
    environment = Environment(autoescape=True)
    template = environment.from_string((here / "consent.html.jinja").read_text(encoding="utf-8"))
    contents = {name: (here / name).read_bytes() for name in _FILES}

    def page(status: int = 200, **shows: Any) -> Response[str]:
        return Response(template.render(**shows), status_code=status, media_type=MediaType.HTML, headers=_HEADERS)

    @get(
        [f"{ROOT}/authorize", f"{ROOT}/workspace_id/{{workspace_id:str}}/authorize"],
        opt=described(
            "The page on which a user lets an app in", "Sign-in", query=Authorization, answer="page", open=True
        ),
    )
    async def authorize(request: Request[Any, Any, Any]) -> Response[str]:
        try:
            asked = typed_query(request, Authorization)
            app = await asked.app(store.apps)
        except ProtocolError as fault:
            return page(400, problem=fault.msg)
        return page(app=app, opens=opened_by(app.permissions), goes_to=asked.redirect_uri)

    @get("/device", opt=described("The page on which a user lets a device in", "Sign-in", answer="page", open=True))
    async def device(request: Request[Any, Any, Any]) -> Response[str]:
        return page(is_device=True, user_code=request.query_params.get("user_code", "")[:20])

    @get([f"/sign_in/{name}" for name in _FILES], include_in_schema=False)
    async def file_of_page(request: Request[Any, Any, Any]) -> Response[bytes]:
        name = request.scope["path"].rpartition("/")[2]
        headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return Response(contents[name], media_type=_FILES[name], headers=headers)

    return [authorize, device, file_of_page]
