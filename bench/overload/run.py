"""Measures the answers of a server's conversations before and while as many clients again want to begin one.

    python -m bench.overload.run [--sessions N] [--seconds S]

Twice: with refusing, as the settings have it by default, and without. Clients talk all the time; those that are refused
try again when the server says. The engines are stand-ins of a fixed cost for each job (bench/overload/server.py).
"""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import click
import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from kouyu.bench.children import own_server
from kouyu.bench.generators import Generators
from kouyu.bench.load_client import GeneratorReport
from kouyu.bench.statistics import Summary, summarise

_WARM_UP_S: Final = 35.0
"""The first answers, and the time until the server knows what a conversation costs."""
_LAST_TURNS: Final = "1000000"
"""Turns of clients that try again when they are refused."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Times from the end of a question to the first audio, in ms."""

    refusing: bool
    before: Summary
    during: Summary
    busy: float
    """The share of the busiest part of the machine in use, before the others came."""
    inside: int
    """Conversations at the end."""
    refused: int


async def measure(*, sessions: int, seconds: float, refusing: bool) -> Outcome:
    """Run one server with ``sessions`` clients, then as many again."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-")))
        for name in ("inside", "outside"):
            (folder / name).mkdir()
        command = ["bench.overload.server", str(folder), *([] if refusing else ["--admit-all"])]
        address, _ = await stack.enter_async_context(own_server(folder, *command))
        talk = (address.http, address.token, "--mode", "push")
        inside = Generators(stack, folder / "inside", talk)
        await inside.open(sessions)
        await asyncio.sleep(_WARM_UP_S)
        await inside.reports()
        await asyncio.sleep(seconds)
        before = _answers(await inside.reports())
        busy = (await _metrics(address.http, address.token))["kouyu_busy_ratio"]
        outside = Generators(stack, folder / "outside", (*talk, "--turns", _LAST_TURNS))
        await outside.open(sessions)
        await asyncio.sleep(seconds)
        during = _answers(await inside.reports())
        metrics = await _metrics(address.http, address.token)
    return Outcome(
        refusing=refusing,
        before=before,
        during=during,
        busy=busy,
        inside=int(metrics["kouyu_sessions"]),
        refused=int(metrics["kouyu_sessions_refused_total"]),
    )


def _answers(reports: list[GeneratorReport]) -> Summary:
    found = summarise([ms for report in reports for ms in report.answers])
    if found is None:
        raise click.ClickException("no question was answered")
    return found


async def _metrics(url: str, token: str) -> dict[str, float]:
    """The sums of the samples by name."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        text = (await client.get(f"{url}/metrics")).text
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
    return sums


@click.command()
@click.option("--sessions", type=click.IntRange(3), default=8, show_default=True)
@click.option("--seconds", type=click.FloatRange(10), default=60.0, show_default=True, help="Of each measurement.")
def main(sessions: int, seconds: float) -> None:
    """Measure with refusing and without."""
    began = time.monotonic()
    for refusing in (True, False):
        found = asyncio.run(measure(sessions=sessions, seconds=seconds, refusing=refusing))
        ratio, ratio_p90 = found.during.median / found.before.median, found.during.p90 / found.before.p90
        click.echo(
            f"{'refusing' if refusing else 'admitting all'}: {sessions} conversations and {sessions} more clients: "
            f"{found.busy:.2f} busy before, {found.inside} inside, "
            f"{found.refused} refusals; answers before {found.before.median:.0f} ms "
            f"(p90 {found.before.p90:.0f}), then {found.during.median:.0f} ms (p90 {found.during.p90:.0f}): "
            f"{ratio:.2f} and {ratio_p90:.2f} times"
        )
    click.echo(f"measured in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
