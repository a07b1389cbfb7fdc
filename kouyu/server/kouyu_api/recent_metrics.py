"""``/v1/kouyu/metrics``: the metrics of the last 15 minutes as a time series (docs/diagnostics.md)."""

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.metrics.recent_metrics import MetricsPoints, RecentMetrics
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.siblings.siblings import Siblings


def recent_metrics_routes(recent: RecentMetrics, guard: Guard, siblings: Siblings) -> list[HTTPRouteHandler]:
    """The route handler. ``siblings``: the other processes of the server; the parent process answers for all."""

    @get(
        "/v1/kouyu/metrics",
        guards=[guard],
        opt=described("The metrics of the last 15 minutes", "kouyu", data=MetricsPoints),
    )
    async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        if siblings.is_alone:
            return answer_success(request, recent.points())
        of_all = msgspec.msgpack.decode(await siblings.ask_parent("recent"), type=MetricsPoints)
        return answer_success(request, of_all)

    return [metrics]
