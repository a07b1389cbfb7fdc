"""``/metrics``: the server's metrics in the formats that Prometheus reads."""

from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard
from prometheus_client.exposition import choose_encoder

from kouyu.metrics.server_metrics import ServerMetrics
from kouyu.metrics.snapshot import decoded
from kouyu.server.openapi.operation import described
from kouyu.server.siblings.siblings import Siblings


def metrics_routes(measured: ServerMetrics, siblings: Siblings, guards: list[Guard]) -> list[HTTPRouteHandler]:
    """The route handler. ``siblings``: the other processes of the server, whose metrics are joined with this one's.
    ``guards`` admit who may read; none: everybody."""
    says = described("The server's metrics, for Prometheus", "Server", answer="metrics", open=not guards)

    @get("/metrics", guards=guards, opt=says)
    async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        if siblings.is_alone:
            return Response(encode(measured.registry), media_type=media_type)
        of_all = decoded(await siblings.ask_parent("metrics")).registry()
        return Response(encode(of_all), media_type=media_type)

    return [metrics]
