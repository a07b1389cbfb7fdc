"""``/health``, ``/health/live`` and ``/health/ready``, for monitors, proxies and orchestrators."""

import asyncio
from collections.abc import Callable
from importlib.metadata import version
from typing import Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from kouyu.server.access.sessions import Sessions
from kouyu.server.openapi.operation import described
from kouyu.server.siblings.siblings import Siblings
from kouyu.store.errors import StoreError
from kouyu.store.store import Store

LEAST_FREE_BYTES: Final = 32 * 1024 * 1024
"""With less free space the data folder's disk counts as full: SQLite's log and an upload need as much."""
DATABASE_S: Final = 2.0
"""A database that does not answer within this many seconds counts as not ready."""
_OK: Final = "ok"
ENGINES_DOWN: Final = "the process of the engines has ended and is being started again"


class Health(msgspec.Struct, frozen=True):
    """The state of the server in short: that it answers, whether it can save, and how full it is."""

    status: str
    version: str
    sessions: int
    max_sessions: int
    engines: str
    """Whether the process of the engines runs that worker processes share: "ok" or what is the matter."""


class Liveness(msgspec.Struct, frozen=True):
    """That the process answers."""

    status: str
    version: str


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """The conditions for new conversations, each "ok" or what is the matter."""

    stopping: str
    """Whether the server lets its turns end and stops (SIGTERM)."""
    places: str
    """Whether a session more may begin (``max_sessions``)."""
    disk: str
    database: str
    engines: str
    """As in ``Health``."""
    load: str
    """Whether the machine answers in time (the settings' ``[overload]``)."""


class Readiness(msgspec.Struct, frozen=True):
    """Whether the server begins new conversations; "not ready" comes with HTTP 503."""

    status: str
    checks: Checks


class HealthChecks:
    """Finds out how the server is. ``free_bytes`` returns the free space of the data folder's disk, None if unknown."""

    def __init__(
        self,
        sessions: Sessions,
        store: Store | None,
        free_bytes: Callable[[], int | None],
        siblings: Siblings | None = None,
    ) -> None:
        """``siblings``: the other processes of the server."""
        self._sessions = sessions
        self._store = store
        self._free_bytes = free_bytes
        self._siblings = siblings or Siblings()

    def health(self) -> Health:
        """The state in short."""
        sessions = self._sessions
        return Health(self._disk(), version("kouyu"), sessions.in_all, sessions.limit, self._engines())

    async def readiness(self) -> Readiness:
        """Check every condition for new conversations."""
        checks = Checks(
            stopping="the server is stopping" if self._sessions.stopping else _OK,
            places=_OK if self._sessions.in_all < self._sessions.limit else "as many sessions as max_sessions run",
            disk=self._disk(),
            database=await self._database(),
            engines=self._engines(),
            load=self._sessions.overload.cause or _OK,
        )
        is_ready = all(said == _OK for said in msgspec.structs.astuple(checks))
        return Readiness("ready" if is_ready else "not ready", checks)

    def _disk(self) -> str:
        free = self._free_bytes()
        return _OK if free is None or free >= LEAST_FREE_BYTES else "the disk is full: nothing can be saved"

    def _engines(self) -> str:
        return ENGINES_DOWN if self._siblings.engines_down else _OK

    async def _database(self) -> str:
        if self._store is None:
            return _OK
        try:
            async with asyncio.timeout(DATABASE_S):
                await self._store.check()
        except TimeoutError:
            return f"the database has not answered within {DATABASE_S:g} s"
        except StoreError as error:
            return str(error)
        return _OK


def health_routes(checks: HealthChecks) -> list[HTTPRouteHandler]:
    """The route handlers. None needs a token; none shows a user's data."""

    @get(
        "/health",
        sync_to_thread=False,
        opt=described("Whether the server is up, and how full", "Server", data=Health, wrapped=False, open=True),
    )
    def health() -> Response[Health]:
        found = checks.health()
        return Response(found, status_code=200 if found.status == _OK else 503)

    @get(
        "/health/live",
        sync_to_thread=False,
        opt=described("Whether the process answers", "Server", data=Liveness, wrapped=False, open=True),
    )
    def live() -> Response[Liveness]:
        return Response(Liveness(_OK, version("kouyu")))

    @get(
        "/health/ready",
        opt=described("Whether new conversations begin here", "Server", data=Readiness, wrapped=False, open=True),
    )
    async def ready() -> Response[Readiness]:
        found = await checks.readiness()
        return Response(found, status_code=200 if found.status == "ready" else 503)

    return [health, live, ready]
