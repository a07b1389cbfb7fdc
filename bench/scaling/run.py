"""Measures what a turn costs with 1, 2 and 4 servers on one PostgreSQL, and with 1 and 2 processes of engines.

    python -m bench.scaling.run [--each] [--sessions 24] [--seconds 30] [--rounds 2] [--json FILE] [--costs FILE]

One machine cannot show that a second one doubles what an installation holds. What makes it so is that a turn costs as
much with several servers as with one, and that can be measured at a load that fits. Each server runs in a network
namespace of its own, so that its bytes to clients, database, engines and language model are counted apart. Servers are
`kouyu serve`; engines are stubs that use no processor time while the servers are compared, and `kouyu engines` while
those are. Clients talk freely, over the servers in turn, and ask the same questions in each run.

With --each every server has so many sessions; without, all servers share them. That is not the same: a server looks for
voice activity in the audio of several sessions at once, so that each of few sessions costs more than each of many.

Costs are what was used while clients talked, less what the same servers used without a session just before. Sizes are
measured in turn, as often as --rounds says, so that a change of the machine is seen as the spread of one size.
"""

import asyncio
import contextlib
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import click
import msgspec

from bench.scaling import report
from bench.scaling.commit_rate import commits_per_second
from bench.scaling.costs import Run, costs
from bench.scaling.installation import Engines, Installation, real_engines, running_edges, stub_engines
from bench.scaling.namespaces import CannotIsolate, Network, namespaces, one_machine
from kouyu.bench.children import ServerDidNotStart
from kouyu.bench.generators import Generators
from kouyu.bench.load_client import GeneratorReport
from kouyu.bench.machine import this_machine
from kouyu.bench.scripted_model import scripted_model
from kouyu.store.server_writes import LEASE_S
from tests.standins.postgres import NEEDED, Postgres, empty_database, is_installed, running_postgres

_STARTED_S: Final = LEASE_S + 1
"""After the start, until a server does what it does later on: it looks after the leases of others once its own has been
renewed for so long."""
_QUIET_S: Final = 2.0
"""After the start, until it does little."""
_TALKING_S: Final = 6.0
"""After clients have connected, until all of them ask or listen."""
_NOTICES: Final = 1000
_NOTICES_S: Final = 5.0
_NOTICE: Final = msgspec.json.encode(
    {"sender": "bench", "notice": {"type": "use", "server": "bench", "conversations": {"bench": 1}}}
).decode()
"""The most frequent one; see kouyu/store/notices.py."""
_COMMITS_S: Final = 3.0


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured. ``sessions`` of all servers together, or of each of them."""

    edges: tuple[int, ...]
    replicas: tuple[int, ...]
    sessions: int
    each: bool
    dense: int
    engine_sessions: int
    seconds: float
    idle_seconds: float
    rounds: int
    engine_rounds: int
    mode: str


async def measure(folder: Path, network: Network, options: Options) -> tuple[list[Run], float, float]:
    """All runs, and PostgreSQL's durable transactions a second: of one connection, and of many."""
    runs: list[Run] = []
    near = network.addresses
    trusts = f"{near['database']}/{network.bits}" if network.is_isolated else ""
    with running_postgres(address=near["database"], trusts=trusts) as postgres:
        rates = [await commits_per_second(postgres, count, _COMMITS_S) for count in (1, 32)]
        async with scripted_model("en", host=near["model"]) as model, stub_engines(network) as stubs:
            for number in range(options.rounds):
                for count in options.edges:
                    sessions = options.sessions * (count if options.each else 1)
                    own = folder / f"{number}-{count}"
                    runs.append(await _run(own, network, postgres, count, stubs, model, sessions, options))
                if options.dense and number == 0:
                    own = folder / "dense"
                    runs.append(await _run(own, network, postgres, 1, stubs, model, options.dense, options, dense=True))
                for replicas in options.replicas if number < options.engine_rounds else ():
                    own = folder / f"{number}-engines-{replicas}"
                    async with real_engines(own, network, replicas) as engines:
                        sessions = options.engine_sessions
                        runs.append(await _run(own, network, postgres, 1, engines, model, sessions, options))
    return runs, rates[0], rates[1]


async def _run(
    folder: Path,
    network: Network,
    postgres: Postgres,
    count: int,
    engines: Engines,
    model: str,
    sessions: int,
    options: Options,
    *,
    dense: bool = False,
) -> Run:
    async with _installed(folder, network, postgres, count, engines, model) as installation:
        settled = time.monotonic() + _STARTED_S
        noticed = None
        if not engines.pids:
            await asyncio.sleep(_QUIET_S)
            before = await installation.read()
            await installation.database.notify(_NOTICE, _NOTICES, _NOTICES_S)
            noticed = (await installation.read()).since(before)
        await asyncio.sleep(settled - time.monotonic())
        before = await installation.read()
        await asyncio.sleep(options.idle_seconds)
        idle = (await installation.read()).since(before)
        edge_mib = installation.edge_memory_mib / count
        async with AsyncExitStack() as stack:
            talk = (",".join(installation.urls), installation.token, "--mode", options.mode, "--seed", "1")
            generators = Generators(stack, folder, talk)
            await generators.open(sessions)
            await asyncio.sleep(_TALKING_S)
            await generators.reports()
            before = await installation.read()
            await asyncio.sleep(options.seconds)
            talked = (await installation.read()).since(before)
            seen = await generators.reports()
            run = Run(
                edges=count,
                replicas=len(engines.pids),
                sessions=sessions,
                dense=dense,
                idle=idle,
                noticed=noticed,
                notices=_NOTICES,
                talk=talked,
                turns=_turns(seen),
                unanswered=sum(each.unanswered for each in seen),
                answer_ms=statistics.median(ms for each in seen for ms in each.answers),
                edge_mib=edge_mib,
                talking_edge_mib=installation.edge_memory_mib / count,
                database_mib=installation.database_memory_mib,
                load=os.getloadavg()[0],
            )
    click.echo(f"{count} servers, {run.replicas or 'stub'} engines: {run.turns} turns, load {run.load:.1f}", err=True)
    return run


def _turns(seen: Sequence[GeneratorReport]) -> int:
    lost = [each.lost_because for each in seen if each.lost]
    if lost:
        raise RuntimeError(f"clients were lost: {lost[0]}")
    return sum(len(each.answers) + each.unanswered for each in seen)


@contextlib.asynccontextmanager
async def _installed(
    folder: Path, network: Network, postgres: Postgres, count: int, engines: Engines, model: str
) -> AsyncIterator[Installation]:
    async with (
        empty_database(postgres.url()) as database,
        running_edges(folder, network, count, postgres, database, engines, model) as installation,
    ):
        yield installation


@click.command()
@click.option("--edges", type=click.IntRange(1), multiple=True, default=(1, 2, 4), show_default=True)
@click.option("--replicas", type=click.IntRange(1), multiple=True, default=(1, 2), show_default=True)
@click.option("--sessions", type=click.IntRange(1), default=24, show_default=True, help="Of all servers together.")
@click.option("--each", is_flag=True, help="Of each server instead.")
@click.option("--dense", type=click.IntRange(0), default=48, show_default=True, help="On one server, once more.")
@click.option("--engine-sessions", type=click.IntRange(1), default=4, show_default=True, help="With real engines.")
@click.option("--seconds", type=click.FloatRange(1), default=30.0, show_default=True)
@click.option("--idle-seconds", type=click.FloatRange(1), default=12.0, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=2, show_default=True)
@click.option("--engine-rounds", type=click.IntRange(0), default=2, show_default=True, help="0: only the servers.")
@click.option("--mode", type=click.Choice(("free", "push")), default="free", show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write all runs to this file.")
@click.option("--costs", "costs_file", type=click.Path(path_type=Path), help="Write what the simulation needs.")
def main(
    edges: tuple[int, ...],
    replicas: tuple[int, ...],
    json_file: Path | None,
    costs_file: Path | None,
    **how: object,
) -> None:
    """Measure what a turn costs with several servers."""
    if not is_installed():
        raise click.ClickException(NEEDED)
    for ends in (signal.SIGINT, signal.SIGTERM):  # else what was started would be left
        signal.signal(ends, signal.default_int_handler)
    options = msgspec.convert({"edges": edges, "replicas": replicas, **how}, type=Options)
    machine = this_machine()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-")))
        try:
            network = stack.enter_context(namespaces(max(edges)))
        except CannotIsolate as fault:
            click.echo(f"no namespaces, so no bytes are counted: {fault}", err=True)
            network = one_machine(max(edges))
        try:
            runs, lone, together = asyncio.run(measure(folder, network, options))
        except ServerDidNotStart as fault:
            raise click.ClickException(str(fault)) from None
    command = " ".join(["python -m bench.scaling.run", *sys.argv[1:]])
    found = costs(runs, command=command, machine=machine, lone_commits_s=lone, commits_s=together)
    click.echo(f"{machine.cores} cores of {machine.cpu}, load {machine.load[0]:.1f} at the start\n")
    click.echo(report.tables(runs))
    click.echo("\n" + report.summary(found))
    for file, value in ((json_file, runs), (costs_file, found)):
        if file is not None:
            file.write_bytes(msgspec.json.format(msgspec.json.encode(value)) + b"\n")


if __name__ == "__main__":
    main()
