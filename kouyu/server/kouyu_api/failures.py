"""``/v1/kouyu/failures``: what went wrong in an owner's conversations (docs/diagnostics.md)."""

from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.metrics.recent_failures import RecentFailure, RecentFailures
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.store.token_records import TokenRecord


def failure_routes(failures: RecentFailures, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handler."""

    @get(
        "/v1/kouyu/failures",
        guards=[guard],
        opt=described("The last failures of the owner's conversations", "kouyu", data=list[RecentFailure]),
    )
    async def listed(request: Request[TokenRecord, Any, Any]) -> Response[bytes]:
        return answer_success(request, failures.of(request.user.owner))

    return [listed]
