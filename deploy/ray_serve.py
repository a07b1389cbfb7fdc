"""Puts kouyu's engines on a Ray cluster: recognition at /recognition, speech at /speech, with replicas of their own.

    RAY_SERVE_ENABLE_HA_PROXY=1 ray start --head     # on the first machine; deploy/ray/requirements.txt
    RAY_SERVE_ENABLE_HA_PROXY=1 python deploy/ray_serve.py --config kouyu.toml

Run it again after a change: replicas are replaced one after the other, and finish their work.
"""

import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import click
import msgspec
from ray import serve
from ray.serve.config import AutoscalingConfig, HTTPOptions, ProxyLocation

from kouyu.engine_server.app import EngineApp
from kouyu.engine_server.served_engines import engines_served, open_engines
from kouyu.settings import Settings, load
from kouyu.settings.all_settings import anchored

PLACES: Final = {"recognition": ("asr", "turn", "voiceprint", "emotion"), "speech": ("tts",)}
STUCK_S: Final = 30.0
"""A replica in which a user's work has waited so long for a thread is replaced: the models hang."""


@serve.deployment
@serve.ingress()
class Engines:
    """A replica: the engines of an application, loaded once, with a scheduler of their own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()

    async def __serve_build_asgi_app__(self) -> EngineApp:
        self._engines = await self._stack.enter_async_context(open_engines(self._settings))
        return EngineApp(self._engines, token=self._settings.engine_server.secret())

    async def check_health(self) -> None:
        if self._engines.scheduler.load.oldest_urgent_wait > STUCK_S:
            raise RuntimeError(f"work has waited for {STUCK_S:.0f} s")

    async def __del__(self) -> None:
        await self._stack.aclose()


@click.command()
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--min-replicas", type=click.IntRange(1), default=2, show_default=True, help="Of each application.")
@click.option("--max-replicas", type=click.IntRange(1), default=8, show_default=True, help="Likewise.")
@click.option(
    "--idle-s", type=click.FloatRange(1), default=300.0, show_default=True, help="Before replicas are removed."
)
@click.option("--cpus", type=click.FloatRange(0.1), help="Cores of each replica.  [default: engines.workers]")
def main(config: Path, min_replicas: int, max_replicas: int, idle_s: float, cpus: float | None) -> None:
    """Deploy the engines of a settings file, or update them.

    With one replica, work that is cut off with it waits until another one runs, and turns fail meanwhile.
    """
    settings = anchored(load(config, environment=os.environ), config.absolute().parent)
    served, workers = settings.engine_server, settings.engines.workers
    served.secret()
    serve.start(ProxyLocation.EveryNode, HTTPOptions(host=served.host, port=served.port))
    for place, kinds in PLACES.items():
        chosen = tuple(kind for kind in kinds if kind in served.serves)
        its_settings = msgspec.structs.replace(settings, engine_server=msgspec.structs.replace(served, serves=chosen))
        if not engines_served(its_settings):
            continue
        deployment = Engines.options(
            ray_actor_options={"num_cpus": cpus or workers},
            max_ongoing_requests=4 * served.max_waiting,  # the engines' scheduler refuses first, by priority
            health_check_period_s=2.0,
            health_check_timeout_s=10.0,
            graceful_shutdown_wait_loop_s=0.5,
            graceful_shutdown_timeout_s=30.0 + served.drain_s,
            autoscaling_config=AutoscalingConfig(
                min_replicas=min_replicas,
                max_replicas=max(min_replicas, max_replicas),
                # More than the threads have in hand waits, and somebody waits for an answer.
                target_ongoing_requests=workers,
                metrics_interval_s=1.0,
                look_back_period_s=5.0,
                upscale_delay_s=2.0,
                downscale_delay_s=idle_s,
            ),
        )
        serve.run(deployment.bind(its_settings), name=place, route_prefix=f"/{place}")
        click.echo(f"http://{served.host}:{served.port}/{place}")


if __name__ == "__main__":
    main()
