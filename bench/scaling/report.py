"""The report of the measurement, as tables of Markdown."""

from collections.abc import Sequence

from bench.scaling.costs import SAME, Costs, Row, Run, rows


def tables(runs: Sequence[Run]) -> str:
    """All tables."""
    stubs = [run for run in runs if not run.replicas and not run.dense]
    real = [run for run in runs if run.replicas]
    parts = []
    if stubs:
        parts += [_table("servers", rows(stubs, "edges")), _beside(stubs)]
    if real:
        parts += [_table("processes of engines", rows(real, "replicas")), _beside(real)]
    parts += [_beside([run]) for run in runs if run.dense]
    return "\n\n".join(parts)


def _table(what: str, found: Sequence[Row]) -> str:
    sizes = sorted(found[0].means)
    head = ["of a turn", *(f"{size} {what}" for size in sizes), *(f"{size} : {sizes[0]}" for size in sizes[1:])]
    lines = [head, ["---"] * len(head), *(_cells(row, sizes) for row in found)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(row: Row, sizes: Sequence[int]) -> list[str]:
    return [
        row.name + ("" if row.is_same else f" (not within {SAME:.0%})"),
        *(f"{_number(row.means[size])} ({_between(row.spread[size])})" for size in sizes),
        *(f"{row.ratios[size]:.2f}" for size in sizes[1:]),
    ]


def _beside(runs: Sequence[Run]) -> str:
    """What the table does not say, of each run."""
    return "\n".join(
        f"{run.edges} servers, {run.replicas} processes of engines: {run.sessions} sessions, {run.turns} turns in "
        f"{run.talk.seconds:.0f} s, {run.unanswered} unanswered, first audio {run.answer_ms:.0f} ms, servers "
        f"{1000 * run.of_turns.edge_cpu_s / run.turns:.0f} ms a turn; a server without "
        f"a session {1000 * run.idle.edge_cpu_s / run.idle.seconds / run.edges:.1f} ms/s, PostgreSQL for it "
        f"{1000 * run.idle.database_cpu_s / run.idle.seconds / run.edges:.1f} ms/s, writes "
        f"{run.idle.writes / run.idle.seconds / run.edges:.2f}/s, notices with sessions "
        f"{run.talk.notices / run.talk.seconds / run.edges:.2f}/s; load {run.load:.1f}"
        for run in runs
    )


def summary(found: Costs) -> str:
    """What the simulation gets, in a few lines."""
    return (
        f"a server: {found.edge_idle_ms_s:.1f} ms/s without sessions, {found.edge_talking_ms_s:.1f} more with any, "
        f"{found.turn_edge_ms:.0f} ms for each turn\n"
        f"a notice: {found.notice_database_ms:.3f} ms of PostgreSQL, {found.heard_database_ms:.3f} ms more and "
        f"{found.heard_edge_ms:.3f} ms of the server for each server that hears it\n"
        f"memory: {found.edge_mib:.0f} MiB a server, {found.session_mib:.1f} MiB a session\n"
        f"durable transactions: {found.lone_commits_s:.0f}/s one after the other, {found.commits_s:.0f}/s at the same "
        "time"
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _between(bounds: tuple[float, float]) -> str:
    return f"{_number(bounds[0])} to {_number(bounds[1])}"
