"""``/v1/kouyu/metrics``: the metrics of the last 15 minutes as a time series (docs/diagnostics.md)."""

from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.metrics.recent_metrics import MetricsPoints, RecentMetrics
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success


def recent_metrics_routes(recent: RecentMetrics, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handler."""

    @get(
        "/v1/kouyu/metrics",
        guards=[guard],
        opt=described("The metrics of the last 15 minutes", "kouyu", data=MetricsPoints),
    )
    async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        return answer_success(request, recent.points())

    return [metrics]
