"""``/v1/kouyu/failures``: what went wrong in an owner's conversations (docs/diagnostics.md)."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.metrics.recent_failures import KEPT, RecentFailure, RecentFailures
from kouyu.server.openapi.operation import described
from kouyu.server.peers.peers import Peers, Told
from kouyu.server.rest.answers import answer_success
from kouyu.store.token_records import TokenRecord

PATH: Final = "/v1/kouyu/failures"


class ServersFailures:
    """The last failures on this server, and on the others of its database or in its other processes."""

    def __init__(self, failures: RecentFailures, peers: Peers) -> None:
        self._failures = failures
        self._peers = peers

    async def asked_by(self, request: Request[TokenRecord, Any, Any]) -> list[RecentFailure]:
        """The last failures of the conversations of the token's owner, newest first."""
        own = self._failures.of(request.user.owner)
        others = [each for told in await self._peers.told(request, PATH) for each in _failures_of(told)]
        return sorted((*own, *others), key=lambda failure: -failure.at)[:KEPT]


def _failures_of(told: Told) -> list[RecentFailure]:
    """What another server has listed; nothing if it did not answer, or is of another kouyu."""
    try:
        return msgspec.convert(told.data or [], list[RecentFailure])
    except msgspec.ValidationError:
        return []


def failure_routes(failures: ServersFailures, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handler."""

    @get(
        PATH,
        guards=[guard],
        opt=described("The last failures of the owner's conversations", "kouyu", data=list[RecentFailure]),
    )
    async def listed(request: Request[TokenRecord, Any, Any]) -> Response[bytes]:
        return answer_success(request, await failures.asked_by(request))

    return [listed]
