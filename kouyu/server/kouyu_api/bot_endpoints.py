"""``/v1/kouyu/endpoints``: whether the server behind each bot answers (docs/diagnostics.md)."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.agents.agent import Agent
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.reaching import Reach, Reachable
from kouyu.metrics.recent_failures import RecentFailure
from kouyu.server.kouyu_api.failures import ServersFailures
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.store.token_records import TokenRecord

CHECKED_EVERY_S: Final = 30.0
"""An endpoint that was checked is not asked again earlier, however often the list is read."""


class BotEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The server behind a bot."""

    bot_id: str
    model: str
    address: str
    """Without credentials; empty for tokens without ``administration``."""
    reach: Reach
    last_failure: RecentFailure | None
    """The last failed chat with this bot among the kept ones of the token's owner."""


class EndpointChecks:
    """Asks endpoints whether they answer, each at most every CHECKED_EVERY_S."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` returns seconds."""
        self._clock = clock
        self._checks: dict[tuple[str, str], tuple[float, asyncio.Task[Reach]]] = {}

    async def reach(self, server: Reachable) -> Reach:
        """Ask the server, or return what it answered shortly before."""
        key, now = (server.address, server.model_name), self._clock()
        self._checks = {each: check for each, check in self._checks.items() if now - check[0] < CHECKED_EVERY_S}
        if key not in self._checks:
            self._checks[key] = now, asyncio.create_task(server.reach(), name="endpoint-check")
        return await asyncio.shield(self._checks[key][1])


def _server_of(agent: Agent) -> Reachable | None:
    """What answers for the agent on a server; None if there is no server."""
    if isinstance(agent, LanguageModelBot):
        return agent.model.now
    return agent if isinstance(agent, Reachable) else None


def endpoint_routes(
    agents_of: Callable[[str], Mapping[str, Agent]], failures: ServersFailures, guard: Guard
) -> list[HTTPRouteHandler]:
    """The route handler. ``agents_of``: the bots that an owner's clients may talk to."""
    checks = EndpointChecks()

    @get(
        "/v1/kouyu/endpoints",
        guards=[guard],
        opt=described("Whether the server behind each bot answers", "kouyu", data=list[BotEndpoint]),
    )
    async def endpoints(request: Request[TokenRecord, Any, Any]) -> Response[bytes]:
        owner, sees_addresses = request.user.owner, "administration" in request.user.permissions
        servers = {bot_id: server for bot_id, agent in agents_of(owner).items() if (server := _server_of(agent))}
        reached = await asyncio.gather(*(checks.reach(server) for server in servers.values()))
        failed = {each.bot_id: each for each in reversed(await failures.asked_by(request)) if each.kind == "chat"}
        shown = [
            BotEndpoint(
                bot_id=bot_id,
                model=server.model_name,
                address=server.address if sees_addresses else "",
                reach=reach,
                last_failure=failed.get(bot_id),
            )
            for (bot_id, server), reach in zip(servers.items(), reached, strict=True)
        ]
        return answer_success(request, shown)

    return [endpoints]
