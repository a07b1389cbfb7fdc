"""The table of a run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.chaos.ledger import Ledger, Outage


@dataclass(frozen=True)
class Period:
    """A disturbance, and the time after it. Seconds on the event loop's clock."""

    name: str
    began: float
    ended: float
    load: float
    """The load average of the machine, over a minute, at its end."""


ANSWERED_S = 5.0

HEADER = """\
| what happened | turns and writes answered; slowest (s) | connections lost \
| new connection to sound: median, worst (s) | loss to sound: worst (s) \
| turns failed on a connection that held | writes refused; longest (s) | load |
| --- | --- | --- | --- | --- | --- | --- | --- |"""


def line(period: Period, ledger: Ledger) -> str:
    """A line of the table."""
    within = [outage for outage in ledger.outages if period.began <= outage.began < period.ended]
    talkers = [outage for outage in within if outage.kind == "talks"]
    writers = [outage for outage in within if outage.kind == "writes"]
    again = sorted(
        outage.answered - outage.connected
        for outage in talkers
        if outage.answered is not None and outage.connected is not None
    )
    took = [answer.took for answer in ledger.answers if period.began <= answer.at < period.ended]
    failed = sum(period.began <= at < period.ended for at, _, _ in ledger.failures)
    cells = (
        period.name,
        f"{len(took)}; {max(took, default=0):.1f}",
        str(len(talkers)),
        f"{again[len(again) // 2]:.1f}, {again[-1]:.1f}" if again else "-",
        _longest(talkers),
        str(failed),
        f"{len(writers)}; {_longest(writers)}",
        f"{period.load:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def reasons(period: Period, ledger: Ledger) -> list[str]:
    """Why clients lost their connections, were refused, or got no answer; with how often."""
    why = Counter(f"{each.kind}: {each.why}" for each in ledger.outages if period.began <= each.began < period.ended)
    why.update(f"turn: {text}" for at, _, text in ledger.failures if period.began <= at < period.ended)
    return [f"{period.name}: {count} x {text}" for text, count in why.most_common()]


def never_again(ledger: Ledger) -> list[str]:
    """Clients that were not served again, a line each."""
    return [f"{each.client} was not served again after: {each.why}" for each in ledger.outages if each.answered is None]


def answered_late(ledger: Ledger) -> list[str]:
    """Who waited longer than ANSWERED_S for an answer, once they were connected again; a line each.

    A client that writes has no connection that it opens: it counts from the refusal.
    """
    late = []
    for outage in ledger.outages:
        since = outage.connected if outage.kind == "talks" else outage.began
        if outage.answered is not None and since is not None and outage.answered - since > ANSWERED_S:
            late.append(f"{outage.client} was answered {outage.answered - since:.1f} s later, after: {outage.why}")
    return late


def _longest(outages: Sequence[Outage]) -> str:
    lasted = [outage.answered - outage.began for outage in outages if outage.answered is not None]
    return f"{max(lasted):.1f}" if lasted else "-"
