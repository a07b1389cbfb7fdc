"""``/``: the web page to talk on, built into ``kouyu/console``."""

import asyncio
import mimetypes
import re
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler

from kouyu.server.openapi.operation import described

CONSOLE: Final = Path(__file__).parents[1] / "console"
"""The folder that the page is built into."""

_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Media types; the system's own table may list scripts as plain text."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_HASHED: Final = "assets/"
"""Files in this folder have a hash of their content in their names."""
_HOST: Final = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?")


class _PageFile(msgspec.Struct, frozen=True):
    path: Path
    media_type: str
    cache: str


def page_routes(console: Path = CONSOLE) -> list[HTTPRouteHandler]:
    """The route handlers of ``/`` and the page's files. None needs a token; none shows a user's data.

    Where no page has been built, ``/`` says how to use the server.
    """
    page = _files_of(console)
    welcome = (files(__package__) / "welcome.html").read_bytes()

    @get("/", opt=described("The page to talk on", "Server", answer="page", open=True))
    async def front(request: Request[Any, Any, Any]) -> Response[bytes]:
        if "index.html" in page:
            return await _given(request, page["index.html"])
        return Response(welcome, media_type=MediaType.HTML)

    # One route per file, not a pattern: any other path gets the usual 404.
    @get([f"/{name}" for name in page] or "/index.html", include_in_schema=False)
    async def file_of_page(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await _given(request, page[request.scope["path"].strip("/")])

    return [front, file_of_page] if page else [front]


def _files_of(console: Path) -> dict[str, _PageFile]:
    """The page's files by path, as found at the start: no other path is served, so none leads outside the folder."""
    if not (console / "index.html").is_file():
        return {}
    found = {}
    for path in console.rglob("*"):
        name = path.relative_to(console).as_posix()
        if path.is_file() and not name.endswith(".py"):
            guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
            found[name] = _PageFile(path, guessed, _FOR_EVER if name.startswith(_HASHED) else "no-cache")
    return found


async def _given(request: Request[Any, Any, Any], file: _PageFile) -> Response[bytes]:
    try:
        content = await asyncio.to_thread(file.path.read_bytes)
    except OSError:  # rebuilt while the server runs
        raise NotFoundException from None
    return Response(content, media_type=file.media_type, headers=_headers(request, file.cache))


def _headers(request: Request[Any, Any, Any], cache: str) -> dict[str, str]:
    """Headers that stop the page, which holds an access token, from connecting to any other server.

    Safari applies ``'self'`` to HTTP alone, so the WebSocket addresses of this host are listed.
    """
    host: str = request.headers.get("host", "")
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    policy = (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
        f"connect-src 'self'{sockets}; img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "Cache-Control": cache,
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "microphone=(self)",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
