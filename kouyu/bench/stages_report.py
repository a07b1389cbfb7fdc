"""The report of ``kouyu bench stages`` as a table."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kouyu.bench.stage_times import STAGES
from kouyu.bench.stages import StagesReport, TierStages


def print_stages(report: StagesReport, console: Console) -> None:
    """Print the processor time of a turn, the tiers side by side."""
    machine = report.machine
    about = (
        f"{machine.cores} cores of {machine.cpu}, {machine.memory_gib} GiB, load {machine.load[0]:.1f} at the start, "
        f"{report.load_at_end[0]:.1f} at the end; questions in {report.language}"
    )
    console.print(Text(about, style="dim"))
    table = Table("ms of processor time a turn (calls a turn)", *(tier.tier for tier in report.tiers))
    for stage in STAGES:
        table.add_row(
            stage, *(_cell(tier.stages[stage].cpu_s, tier.stages[stage].calls, tier) for tier in report.tiers)
        )
    table.add_section()
    table.add_row("all", *(_cell(sum(used.cpu_s for used in tier.stages.values()), 0, tier) for tier in report.tiers))
    table.add_row("turns; seconds of each", *(_turns(tier) for tier in report.tiers))
    console.print(table)


def _cell(cpu_s: float, calls: int, tier: TierStages) -> str:
    ms = f"{1000 * cpu_s / tier.turns:.0f}"
    return f"{ms} ({calls / tier.turns:.1f})" if calls else ms


def _turns(tier: TierStages) -> str:
    unanswered = f" ({tier.unanswered} unanswered)" if tier.unanswered else ""
    return f"{tier.turns}{unanswered}; {tier.seconds / tier.turns:.1f}"
