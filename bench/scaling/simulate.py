"""How many machines 10 to 10,000 sessions need, from measured costs, and what is in the way first at each step.

    python -m bench.scaling.simulate [--costs FILE] [--server-cores 4] [--engine-cores 16] ...

The costs are those that bench.scaling.run has measured (bench/scaling/costs.json); they are of the cores that measured.
Machines grow with the sessions, the first bottleneck first, until at most --limit of each resource is used. With
--fixed they stay, and the table shows what they would have to be.
"""

from pathlib import Path
from typing import Final

import click
import msgspec

from bench.scaling import event_simulation
from bench.scaling.costs import Costs
from bench.scaling.sizing import Machines, Step, first_bottleneck, loads, steps

COSTS: Final = Path(__file__).with_name("costs.json")
SESSIONS: Final = (10, 30, 100, 300, 1000, 3000, 10_000)
SIMULATED_S: Final = 40.0
MOST_SESSIONS: Final = 100_000


def table(found: list[Step], costs: Costs) -> str:
    """The steps, as Markdown."""
    head = (
        "sessions", "turns/s", "first bottleneck of the row above's machines", "what had to grow",
        "machines with servers (processes), engines; PostgreSQL's cores, connections", "most used now",
        "wait of a turn for cores: mean, 95 % (ms)",
    )  # fmt: skip
    rows = [head, ("---",) * len(head), *(_row(step, costs) for step in found)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(step: Step, costs: Costs) -> tuple[str, ...]:
    machines = step.machines
    stations, visits, think_ms = event_simulation.installation(costs, machines)
    seen = event_simulation.simulate(stations, visits, think_ms, step.sessions, SIMULATED_S)
    most = first_bottleneck(step.shares)
    beyond = "; **not enough**: " + ", ".join(step.beyond) if step.beyond else ""
    return (
        f"{step.sessions:,}",
        f"{step.turns_s:.0f}" if step.turns_s >= 10 else f"{step.turns_s:.1f}",
        f"{step.before[0]}, {step.before[1]:.0%}",
        ", ".join(step.grown) or "nothing",
        f"{machines.servers} ({machines.processes}), {machines.engines}; {machines.database_cores}, "
        f"{machines.max_connections}{beyond}",
        f"{most}, {step.shares[most]:.0%}",
        f"{seen.wait_ms:.0f}, {seen.wait_p95_ms:.0f}",
    )


def fixed_table(costs: Costs, machines: Machines, numbers: tuple[int, ...]) -> str:
    """What these machines do with each number of sessions, as Markdown."""
    head = ("sessions", "turns/s", "first bottleneck", *loads(costs, machines, 1))
    rows: list[tuple[str, ...]] = [head, ("---",) * len(head)]
    for sessions in numbers:
        shares = loads(costs, machines, sessions)
        first = first_bottleneck(shares)
        rows.append(
            (
                f"{sessions:,}",
                f"{sessions / costs.turn_s:.1f}",
                f"{first}{' (not enough)' if shares[first] > machines.limit else ''}",
                *(f"{share:.0%}" for share in shares.values()),
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


@click.command()
@click.option("--costs", "file", type=click.Path(exists=True, path_type=Path), default=COSTS, help="Measured costs.")
@click.option("--sessions", type=click.IntRange(1, MOST_SESSIONS), multiple=True, default=SESSIONS)
@click.option("--servers", type=click.IntRange(1), default=Machines().servers, show_default=True, help="To begin with.")
@click.option("--server-cores", type=click.IntRange(1), default=Machines().server_cores, show_default=True)
@click.option("--engines", type=click.IntRange(1), default=Machines().engines, show_default=True, help="To begin with.")
@click.option("--engine-cores", type=click.IntRange(1), default=Machines().engine_cores, show_default=True)
@click.option("--database-cores", type=click.IntRange(1), default=Machines().database_cores, show_default=True)
@click.option("--max-connections", type=click.IntRange(10), default=Machines().max_connections, show_default=True)
@click.option("--limited-tokens/--no-limited-tokens", default=True, show_default=True)
@click.option("--network-mbit", type=click.FloatRange(1), default=Machines().network_mbit, show_default=True)
@click.option("--commits", type=click.FloatRange(1), help="Durable transactions a second of your PostgreSQL's disk.")
@click.option("--limit", type=click.FloatRange(0.1, 1), default=Machines().limit, show_default=True)
@click.option("--fixed", is_flag=True, help="The machines do not grow.")
def main(
    file: Path,
    sessions: tuple[int, ...],
    commits: float | None,
    fixed: bool,
    **machines: float,
) -> None:
    """Say what sessions need."""
    costs = msgspec.json.decode(file.read_bytes(), type=Costs)
    if commits is not None:
        costs = msgspec.structs.replace(costs, commits_s=commits)
    begin = msgspec.convert(machines, type=Machines)
    click.echo(f"costs: {costs.command}; {costs.machine.cores} cores of {costs.machine.cpu}, load {costs.load:.1f}\n")
    numbers = tuple(sorted(sessions))
    click.echo(fixed_table(costs, begin, numbers) if fixed else table(steps(costs, begin, numbers), costs))


if __name__ == "__main__":
    main()
