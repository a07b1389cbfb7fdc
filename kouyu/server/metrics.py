"""``/metrics``: the server's metrics in the formats that Prometheus reads."""

from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from kouyu.server.openapi.operation import described


def metrics_routes(registry: CollectorRegistry, guards: list[Guard]) -> list[HTTPRouteHandler]:
    """The route handler. ``guards`` admit who may read; none: everybody."""
    says = described("The server's metrics, for Prometheus", "Server", answer="metrics", open=not guards)

    @get("/metrics", guards=guards, opt=says)
    async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), media_type=media_type)

    return [metrics]
