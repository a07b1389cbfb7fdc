"""What is done to a running cluster."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bench.chaos.ledger import Ledger
from deploy.cluster.cluster import Cluster

_AWAY_S: Final = 3.0
"""How long something that was killed is away."""
_SPEAKING_S: Final = 60.0


@dataclass(frozen=True)
class Disturbance:
    """A line of the table."""

    name: str
    run: Callable[[Cluster, Ledger], Awaitable[None]]


async def nothing(cluster: Cluster, ledger: Ledger) -> None:
    """For comparison."""


async def kill_server(cluster: Cluster, ledger: Ledger) -> None:
    """The second server."""
    server = cluster.servers[1]
    await server.kill()
    await asyncio.sleep(_AWAY_S)
    await server.start()


async def rolling_restart(cluster: Cluster, ledger: Ledger) -> None:
    """One server after the other."""
    for server in cluster.servers:
        await cluster.replace(server)


async def stop_servers_in_turn(cluster: Cluster, ledger: Ledger) -> None:
    """As systemd does it, which tells no balancer."""
    for server in cluster.servers:
        await server.stop()
        await server.start()


async def restart_database(cluster: Cluster, ledger: Ledger) -> None:
    """As for an update of PostgreSQL: connections are ended, transactions rolled back."""
    await asyncio.to_thread(cluster.postgres.control, "restart", "-m", "fast")


async def crash_database(cluster: Cluster, ledger: Ledger) -> None:
    """As in a crash: its log is replayed at the start."""
    await asyncio.to_thread(cluster.postgres.control, "stop", "-m", "immediate")
    await asyncio.sleep(_AWAY_S)
    await asyncio.to_thread(cluster.postgres.control, "start")


async def kill_server_without_database(cluster: Cluster, ledger: Ledger) -> None:
    """Nobody can note meanwhile what became of the server's chats."""
    await asyncio.to_thread(cluster.postgres.control, "stop", "-m", "immediate")
    await cluster.servers[1].kill()
    await asyncio.sleep(_AWAY_S)
    await asyncio.to_thread(cluster.postgres.control, "start")
    await cluster.servers[1].start()


async def kill_engines(cluster: Cluster, ledger: Ledger) -> None:
    """The first process, while somebody speaks."""
    async with asyncio.timeout(_SPEAKING_S):
        while not ledger.speaking:  # noqa: ASYNC110 - whoever begins to speak
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    engines = cluster.engines[0]
    await engines.kill()
    await asyncio.sleep(_AWAY_S)
    await engines.start()


ALL: Final = {
    "nothing": Disturbance("nothing", nothing),
    "kill-server": Disturbance("kill -9 of a server", kill_server),
    "rolling": Disturbance("rolling restart (drain, SIGTERM)", rolling_restart),
    "sigterm": Disturbance("the same without a word to HAProxy", stop_servers_in_turn),
    "restart-database": Disturbance("PostgreSQL restarted (fast)", restart_database),
    "crash-database": Disturbance("PostgreSQL stopped (immediate), 3 s away", crash_database),
    "crash-both": Disturbance("the same, and kill -9 of a server meanwhile", kill_server_without_database),
    "kill-engines": Disturbance("kill -9 of engines in mid-utterance", kill_engines),
}
