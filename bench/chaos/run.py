"""Clients talk and write to a cluster while its parts are killed and restarted; then the database is looked into.

    python -m bench.chaos.run [--talkers N] [--writers N] [--pause S] [--only NAME ...] [--no-balancer] [--no-ray]

PostgreSQL, two servers, engines with real models on Ray Serve or in two processes, and HAProxy
(deploy/cluster/cluster.py); the language model repeats what was said, so that each answer shows whose it is. Ends with
1 if anything that a client was told is not in the database as it was told, a chat is left running, a client is not
served again, or words of one client are in the conversation of another.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import click

from bench.chaos import disturbances, report, verdict
from bench.chaos.disturbances import Disturbance
from bench.chaos.echo_model import MODEL, echo_model
from bench.chaos.ledger import Ledger
from bench.chaos.report import Period
from bench.chaos.talker import Talker
from bench.chaos.writer import Writer
from deploy.cluster.cluster import CannotRun, Cluster, running_cluster
from deploy.cluster.members import DidNotStart
from kouyu.audio.pcm import bytes_from_float
from kouyu.bench.question_files import spoken_questions

_BOT: Final = "echo"
_ENGINES: Final = '[engines]\ntts = ["hibari"]\nvoiceprint = "campplus"\nworkers = 1\n'
_SERVERS: Final = """
[overload]
refuse = false
[[bots]]
id = "{bot}"
[bots.model]
base_url = "{model}"
model = "{name}"
"""
_SERVED_AGAIN_S: Final = 90.0
_ENDED_S: Final = 40.0
"""The lease of a server that is gone, and more."""


async def disturb(cluster: Cluster, ledger: Ledger, chosen: list[Disturbance], pause: float) -> list[Period]:
    """Do one thing after the other, and wait after each."""
    clock = asyncio.get_running_loop().time
    periods = []
    for each in chosen:
        began = clock()
        await each.run(cluster, ledger)
        await asyncio.sleep(pause)
        periods.append(Period(each.name, began, clock(), os.getloadavg()[0]))
        click.echo(f"{clock() - began:.0f} s {report.line(periods[-1], ledger)}", err=True)
    return periods


async def run(
    folder: Path,
    talkers: int,
    writers: int,
    pause: float,
    chosen: list[Disturbance],
    *,
    balanced: bool,
    on_ray: bool,
) -> int:
    """The whole run; gives the exit code."""
    ledger = Ledger()
    question = bytes_from_float(spoken_questions("en")[0].samples)
    async with echo_model() as model:
        settings = _SERVERS.format(bot=_BOT, model=model, name=MODEL)
        async with running_cluster(
            folder,
            on_ray=on_ray,
            engine_settings=_ENGINES,
            server_settings=settings,
            balanced=balanced,
            drain_s=15,
        ) as cluster:
            where = (cluster.addresses, cluster.token, _BOT)
            clients: list[Talker | Writer] = [
                *(Talker(f"talker{number}", *where, question, ledger) for number in range(talkers)),
                *(Writer(f"writer{number}", *where, ledger) for number in range(writers)),
            ]
            running = [asyncio.create_task(client.run()) for client in clients]
            await asyncio.sleep(pause)
            periods = await disturb(cluster, ledger, chosen, pause)
            for client in clients:
                client.stopping = True
            _, late = await asyncio.wait(running, timeout=_SERVED_AGAIN_S)
            for task in late:
                task.cancel()
            crashed = [repr(task.exception()) for task in running if task not in late and task.exception()]
            await _ended(cluster.database)
            saved = await verdict.read(cluster.database)
    found = [*crashed, *report.never_again(ledger), *ledger.changed, *verdict.faults(ledger, saved)]
    click.echo(report.HEADER)
    for period in periods:
        click.echo(report.line(period, ledger))
    for reason in (reason for period in periods for reason in report.reasons(period, ledger)):
        click.echo(reason, err=True)
    for waited in report.answered_late(ledger):
        click.echo(waited)
    click.echo(
        f"\ntold of {len(ledger.messages)} messages and {len(ledger.chats)} chats; "
        f"saved {len(saved.messages)} and {len(saved.chats)}; "
        + ("all as told" if not found else f"{len(found)} faults:")
    )
    for fault in found:
        click.echo(f"  {fault}")
    return 1 if found else 0


async def _ended(database: str) -> None:
    """Wait until no chat runs, at most _ENDED_S."""
    until = time.monotonic() + _ENDED_S
    while time.monotonic() < until and await verdict.running_chats(database):  # noqa: ASYNC110 - another process ends them
        await asyncio.sleep(0.5)


@click.command()
@click.option("--talkers", type=click.IntRange(1), default=4, show_default=True)
@click.option("--writers", type=click.IntRange(0), default=4, show_default=True)
@click.option("--pause", type=click.FloatRange(1), default=15.0, show_default=True, help="Seconds after each.")
@click.option("--only", type=click.Choice(tuple(disturbances.ALL)), multiple=True, help="What happens; repeat it.")
@click.option("--no-balancer", is_flag=True, help="Clients know the addresses of both servers instead.")
@click.option("--no-ray", is_flag=True, help="Engines in processes of their own instead.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the logs in this folder.")
def main(
    talkers: int,
    writers: int,
    pause: float,
    only: tuple[str, ...],
    no_balancer: bool,
    no_ray: bool,
    folder: Path | None,
) -> None:
    """Disturb a cluster that is in use."""
    possible = {name: each for name, each in disturbances.ALL.items() if not (no_ray and each.needs_ray)}
    if impossible := set(only) - set(possible):
        raise click.UsageError(f"{', '.join(sorted(impossible))}: not with --no-ray")
    chosen = [possible[name] for name in only or possible]
    with tempfile.TemporaryDirectory(prefix="kouyu-chaos-") as temporary:
        work = run(
            folder or Path(temporary), talkers, writers, pause, chosen, balanced=not no_balancer, on_ray=not no_ray
        )
        try:
            code = asyncio.run(work)
        except (CannotRun, DidNotStart) as fault:
            raise click.ClickException(str(fault)) from None
        except ExceptionGroup as faults:
            raise click.ClickException(str(faults.exceptions[0])) from faults
    sys.exit(code)


if __name__ == "__main__":
    main()
