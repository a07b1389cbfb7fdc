"""What is done to a running cluster."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bench.chaos.ledger import Ledger
from deploy.cluster.cluster import Cluster
from deploy.cluster.ray_head import RunningRay

_AWAY_S: Final = 3.0
"""How long something that was killed is away."""
_SPEAKING_S: Final = 60.0
_REPLACED_S: Final = 120.0


@dataclass(frozen=True)
class Disturbance:
    """A line of the table."""

    name: str
    run: Callable[[Cluster, Ledger], Awaitable[None]]
    needs_ray: bool = False


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
    """The first process, while somebody speaks; on Ray, which starts another one by itself, each replica once."""
    if cluster.ray is not None:
        return await _kill_replicas(cluster.ray, ledger)
    await _somebody_speaks(ledger)
    engines = cluster.engines[0]
    await engines.kill()
    await asyncio.sleep(_AWAY_S)
    await engines.start()
    return None


async def _kill_replicas(ray: RunningRay, ledger: Ledger) -> None:
    for replica in await asyncio.to_thread(ray.replicas, "recognition"):
        await _somebody_speaks(ledger)
        os.kill(replica, signal.SIGKILL)
        async with asyncio.timeout(_REPLACED_S):
            while not await asyncio.to_thread(_are_two_without, replica, ray):  # noqa: ASYNC110 - Ray starts another one
                await asyncio.sleep(0.2)


def _are_two_without(killed: int, ray: RunningRay) -> bool:
    found = ray.replicas("recognition")
    return len(found) > 1 and killed not in found


async def _somebody_speaks(ledger: Ledger) -> None:
    """Wait until somebody is in the middle of an utterance."""
    async with asyncio.timeout(_SPEAKING_S):
        while not ledger.speaking:  # noqa: ASYNC110 - whoever begins to speak
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)


async def kill_head(cluster: Cluster, ledger: Ledger) -> None:
    """The head with all that it has started, as when its machine fails: all engines but the servers' own are gone."""
    assert cluster.ray is not None
    await asyncio.to_thread(cluster.ray.kill)
    await asyncio.sleep(_AWAY_S)
    await asyncio.to_thread(cluster.ray.start)


async def replace_everything(cluster: Cluster, ledger: Ledger) -> None:
    """Servers, then engines, one after the other, then PostgreSQL."""
    await rolling_restart(cluster, ledger)
    if cluster.ray is not None:
        await asyncio.to_thread(cluster.ray.deploy)
    for engines in cluster.engines:
        await engines.stop()
        await engines.start()
    await restart_database(cluster, ledger)


ALL: Final = {
    "nothing": Disturbance("nothing", nothing),
    "kill-server": Disturbance("kill -9 of a server", kill_server),
    "rolling": Disturbance("rolling restart (drain, SIGTERM)", rolling_restart),
    "sigterm": Disturbance("the same without a word to HAProxy", stop_servers_in_turn),
    "restart-database": Disturbance("PostgreSQL restarted (fast)", restart_database),
    "crash-database": Disturbance("PostgreSQL stopped (immediate), 3 s away", crash_database),
    "crash-both": Disturbance("the same, and kill -9 of a server meanwhile", kill_server_without_database),
    "kill-engines": Disturbance("kill -9 of engines in mid-utterance", kill_engines),
    "kill-head": Disturbance("kill -9 of the Ray head and all of its processes", kill_head, needs_ray=True),
    "rolling-all": Disturbance("rolling restart of everything", replace_everything),
}
