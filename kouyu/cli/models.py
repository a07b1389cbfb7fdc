"""`kouyu models`: manages the weight sets on this machine."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table

from kouyu.agents.agent import AgentError
from kouyu.agents.embedded.engine import ENGINE, can_start, chosen_for_good, chosen_now, settle
from kouyu.agents.embedded.tiers import TIERS
from kouyu.cli.fetch_progress import Bars, Lines
from kouyu.cli.local_server import settings_here
from kouyu.cli.safe_console import SafeConsole
from kouyu.cli.saying import say
from kouyu.cli.tier_option import TIER_NAMES
from kouyu.settings import Settings, SettingsError, load
from kouyu.settings.all_settings import anchored
from kouyu.settings.bots import needs_embedded_model
from kouyu.settings.changing import set_values
from kouyu.settings.first_file import FILE_NAME
from kouyu.weights import cache, catalogue
from kouyu.weights.errors import Interrupted, SetsFailed, UnknownWeights, WeightsError
from kouyu.weights.mirror import chosen_mirror
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
            weight_set.name,
            weight_set.purpose,
            weight_set.licence,
            _megabytes(weight_set),
            state,
            weight_set.note,
        )
    console = SafeConsole(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(f"\nin {cache.root()}", highlight=False, soft_wrap=True)
    console.print(f"language model: {_language_model()}", highlight=False, soft_wrap=True)


@models.command("fetch", short_help="Download missing weight sets.")
@click.argument("names", metavar="[NAME]...", nargs=-1, type=WeightSetName())
@click.option("--all", "everything", is_flag=True, help="Fetch the optional sets too.")
@click.option(
    "--to-start",
    is_flag=True,
    help="Fetch what a server cannot start without; a larger language model is then fetched while it runs.",
)
def fetch_models(names: Sequence[WeightSet], everything: bool, to_start: bool) -> None:
    """Download missing weight sets: those named, or those that a server with the settings of the current folder needs.

    Of the language models a server needs one; with `tier = "auto"` that is the largest which answers in time on this
    machine. That is measured, with the smallest one first. Where a model has vanished from all its sources, another one
    takes its place.

    A recommended set that cannot be fetched is no failure unless it was named: the server starts without it.
    """
    if to_start and (names or everything):
        raise click.UsageError("--to-start chooses the sets itself: leave out names and --all")
    settings = settings_here()
    wanted = catalogue.every_set() if everything else names or catalogue.default_sets()
    mirror = chosen_mirror(settings.weights.mirror)
    try:
        try:
            fetch_shown(wanted, mirror)
        except SetsFailed as error:
            _spare(error, () if names else wanted)
        if not names and not everything:
            _settle_language_model(settings, mirror, to_start=to_start)
    except WeightsError as error:
        raise click.ClickException(str(error)) from error


def _spare(error: SetsFailed, wanted: Sequence[WeightSet]) -> None:
    """Say which recommended ones of the sets could not be fetched, and which ones have a substitute here; raise
    SetsFailed for the others, but for a language model that has vanished: another one may take its place."""
    recommended = {each.name for each in wanted if each.recommended}
    tiers = {each.weights for each in TIERS} & {each.name for each in wanted}
    vanished = {name for name, why in error.failures.items() if name in tiers and why.lasting}
    substitutes = {each.name: cache.usable(each).name for each in wanted if cache.usable(each) is not each}
    spared = recommended | vanished | set(substitutes)
    if needed := {name: why for name, why in error.failures.items() if name not in spared}:
        raise SetsFailed(needed) from error
    for name in recommended & set(error.failures):
        say(f"The server starts without {name}: {error.failures[name]}", err=True)
    for name in set(substitutes) & set(error.failures):
        say(f"{substitutes[name]} takes the place of {name}: {error.failures[name]}", err=True)


def _settle_language_model(settings: Settings, mirror: str, *, to_start: bool) -> None:
    if settings.engines.llm != ENGINE.name or not needs_embedded_model(settings.bots):
        return
    options = settings.engines.options_of(ENGINE)
    if to_start and settings.weights.fetch_in_background and can_start(options):
        return
    try:
        choice = settle(
            options,
            lambda weight_set: fetch_shown((weight_set,), mirror),
            say=functools.partial(say, err=True),
        )
    except Interrupted:
        raise
    except (AgentError, WeightsError) as error:
        if options.tier != "auto":
            raise
        say(f"A server will choose among the language models that are here. No other one: {error}", err=True)
        return
    if choice is not None:
        say(f"language model: {choice.tier.name} ({choice.tier.title}), because {choice.reason}", err=True)


def fetch_shown(wanted: Sequence[WeightSet], mirror: str) -> None:
    """Fetch those of the sets that are not on this machine, and show the progress. ``mirror``: base URL of a mirror of
    Hugging Face, or "". Raises WeightsError."""
    if all(cache.is_there(weight_set) for weight_set in wanted):
        return
    from kouyu.weights.fetch import fetch

    console = SafeConsole(stderr=True)
    bars = Bars(console) if console.is_terminal else Lines()
    with bars:
        fetch(wanted, bars, mirror=mirror)


@models.command("use", short_help="Choose the embedded language model.")
@click.argument("name")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Settings file to change. [default: {FILE_NAME} in the current folder]",
)
def use_model(name: str, config: Path | None) -> None:
    """Choose the embedded language model of the next start: a tier (tiny, small, medium, auto), one of their weight
    sets, or the path of a GGUF file. Writes it into the settings file, section [engines.embedded].
    """
    values = _values_of(name)
    path = config or Path.cwd() / FILE_NAME
    try:
        set_values(path, ("engines", ENGINE.name), values)
        settings = anchored(load(path, environment=os.environ), path.absolute().parent)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    written = ", ".join(f'{key} = "{value}"' for key, value in values.items())
    say(f"{path}: [engines.{ENGINE.name}] {written}")
    options = settings.engines.options_of(ENGINE)
    if {"tier": options.tier, "model": options.model} != values:
        say("The environment sets another one, which overrides the file.", err=True)
    choice = chosen_for_good(options)
    if choice is not None and not choice.tier.is_here():
        say(
            f"{choice.tier.name} is not on this machine. A running server fetches it; or get it now with: "
            f"kouyu models fetch {choice.tier.weights}"
        )


def _values_of(name: str) -> dict[str, str]:
    names = [*TIER_NAMES, *(each.weights for each in TIERS)]
    for each in TIERS:
        if name == each.weights:
            return {"tier": each.name, "model": ""}
    if name in TIER_NAMES:
        return {"tier": name, "model": ""}
    if Path(name).is_file():
        return {"tier": "auto", "model": str(Path(name).absolute())}
    allowed = ", ".join(names)
    raise click.BadParameter(f"{name!r} is not allowed; allowed: {allowed}, or the path of a GGUF file")


def _language_model() -> str:
    """The language model of a server with the settings of the current folder, and why."""
    try:
        settings = settings_here()
    except click.ClickException as error:
        return error.message
    if settings.engines.llm != ENGINE.name or not needs_embedded_model(settings.bots):
        return "none of these: each bot names an endpoint"
    options = settings.engines.options_of(ENGINE)
    choice = chosen_now(options)
    if choice is None:
        return f"{options.model}, because the settings name its file"
    return f"{choice.tier.name} ({choice.tier.title}), because {choice.reason}"


@models.command("verify", short_help="Compare every byte with the catalogue.")
@click.argument("names", metavar="[NAME]...", nargs=-1, type=WeightSetName())
def verify_models(names: Sequence[WeightSet]) -> None:
    """Compare the SHA-256 of the weight sets named, or of all on this machine, with the catalogue."""
    bad = False
    for weight_set in names or [each for each in catalogue.every_set() if cache.place(each).exists()]:
        changed = cache.changed_files(weight_set)
        bad = bad or bool(changed)
        say(f"{weight_set.name}: {'not as fetched: ' + ', '.join(changed) if changed else 'good'}")
        if changed:
            say(f"  Replace it: kouyu models remove {weight_set.name} && kouyu models fetch {weight_set.name}")
    if bad:
        sys.exit(1)


@models.command("remove")
@click.argument("name", type=WeightSetName())
def remove_model(name: WeightSet) -> None:
    """Delete a weight set from this machine."""
    say(f"{name.name} removed." if cache.remove(name) else f"{name.name} was not here.")


def _megabytes(weight_set: WeightSet) -> str:
    return f"{weight_set.size / 1e6:.0f} MB"
