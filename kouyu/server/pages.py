"""What a person or a monitor sees: ``/`` and ``/health``."""

from importlib.metadata import version
from importlib.resources import files

import msgspec
from litestar import MediaType, get
from litestar.handlers import HTTPRouteHandler

from kouyu.server.sessions import Sessions


class Health(msgspec.Struct, frozen=True):
    """The state of the server, for monitors: it answers, and how full it is."""

    status: str
    version: str
    sessions: int
    max_sessions: int


def page_routes(sessions: Sessions) -> list[HTTPRouteHandler]:
    """The route handlers of ``/`` and ``/health``; neither asks for a token, neither tells of anybody."""
    running_version = version("kouyu")
    page = (files(__package__) / "welcome.html").read_bytes()

    @get("/health", sync_to_thread=False)
    def health() -> Health:
        return Health("ok", running_version, sessions.running, sessions.limit)

    @get("/", media_type=MediaType.HTML, sync_to_thread=False)
    def welcome() -> bytes:
        return page

    return [health, welcome]
