"""`kouyu models`: manages the weight sets on this machine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from kouyu.weights import cache, catalogue
from kouyu.weights.errors import UnknownWeights, WeightsError
from kouyu.weights.weight_set import WeightSet


class WeightSetName(click.ParamType[WeightSet]):
    """The name of a weight set in the catalogue."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> WeightSet:
        if isinstance(value, WeightSet):
            return value
        try:
            return catalogue.find(str(value))
        except UnknownWeights as error:
            self.fail(str(error), param, ctx)


@click.group()
def models() -> None:
    """List, fetch, verify and remove model weights.

    They are stored in the user's cache folder, or in the folder named by the environment variable KOUYU_WEIGHTS.
    """


@models.command("list")
def list_models() -> None:
    """List all weight sets, and which of them are on this machine."""
    table = Table("Name", "Purpose", "Licence", "Size", "Fetched", "Note", box=None, pad_edge=False)
    table.columns[3].justify = "right"
    for weight_set in catalogue.every_set():
        state = "yes" if cache.is_there(weight_set) else "no, optional" if weight_set.optional else "no"
        table.add_row(
            weight_set.name, weight_set.purpose, weight_set.licence, _megabytes(weight_set), state, weight_set.note
        )
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(f"\nin {cache.root()}", highlight=False, soft_wrap=True)


@models.command("fetch", short_help="Download missing weight sets.")
@click.argument("names", metavar="[NAME]...", nargs=-1, type=WeightSetName())
@click.option("--all", "everything", is_flag=True, help="Fetch the optional sets too.")
def fetch_models(names: Sequence[WeightSet], everything: bool) -> None:
    """Download missing weight sets: those named, or those that a server with default settings needs."""
    wanted = catalogue.every_set() if everything else names or catalogue.default_sets()
    if all(cache.is_there(weight_set) for weight_set in wanted):
        return
    from kouyu.weights.fetch import fetch

    console = Console(stderr=True)
    bars = Bars(console) if console.is_terminal else Lines()
    try:
        with bars:
            fetch(wanted, bars)
    except WeightsError as error:
        raise click.ClickException(str(error)) from error


@models.command("verify", short_help="Compare every byte with the catalogue.")
@click.argument("names", metavar="[NAME]...", nargs=-1, type=WeightSetName())
def verify_models(names: Sequence[WeightSet]) -> None:
    """Compare the SHA-256 of the weight sets named, or of all on this machine, with the catalogue."""
    bad = False
    for weight_set in names or [each for each in catalogue.every_set() if cache.place(each).exists()]:
        changed = cache.changed_files(weight_set)
        bad = bad or bool(changed)
        click.echo(f"{weight_set.name}: {'not as fetched: ' + ', '.join(changed) if changed else 'good'}")
        if changed:
            click.echo(f"  Replace it: kouyu models remove {weight_set.name} && kouyu models fetch {weight_set.name}")
    if bad:
        sys.exit(1)


@models.command("remove")
@click.argument("name", type=WeightSetName())
def remove_model(name: WeightSet) -> None:
    """Delete a weight set from this machine."""
    click.echo(f"{name.name} removed." if cache.remove(name) else f"{name.name} was not here.")


class Bars:
    """Progress bars, one for each weight set."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:27}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console
        )
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def waiting(self) -> None:
        self._progress.console.print("Another kouyu is fetching weights; waiting for it.")

    def starting(self, weight_set: WeightSet, size: int) -> None:
        self._bars[weight_set.name] = self._progress.add_task(weight_set.name, total=size)

    def advanced(self, weight_set: WeightSet, size: int) -> None:
        self._progress.advance(self._bars[weight_set.name], size)

    def finished(self, weight_set: WeightSet) -> None:
        pass


class Lines:
    """Progress as lines, for logs: a start and an end for each weight set."""

    def __init__(self) -> None:
        self._one_line_at_a_time = threading.Lock()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def waiting(self) -> None:
        self._say("Another kouyu is fetching weights; waiting for it.")

    def starting(self, weight_set: WeightSet, size: int) -> None:
        self._say(f"Fetching {weight_set.name} ({size / 1e6:.0f} MB)")

    def advanced(self, weight_set: WeightSet, size: int) -> None:
        pass

    def finished(self, weight_set: WeightSet) -> None:
        self._say(f"Fetched {weight_set.name}")

    def _say(self, line: str) -> None:
        with self._one_line_at_a_time:
            click.echo(line, err=True)


def _megabytes(weight_set: WeightSet) -> str:
    return f"{weight_set.size / 1e6:.0f} MB"
