"""``kouyu bundle``: one archive that installs kouyu on a machine without a network."""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click

from kouyu.agents.embedded.engine import ENGINE, chosen_for_good, chosen_now
from kouyu.agents.embedded.tiers import TIERS
from kouyu.bundle.archive import write_bundle
from kouyu.bundle.errors import BundleError
from kouyu.bundle.wheels import PYTHONS, Target, collect_wheels, platforms, this_machine
from kouyu.cli.copy_progress import CopyProgress
from kouyu.cli.local_server import settings_here
from kouyu.cli.models import WeightSetName, fetch_shown
from kouyu.cli.output_file import OutputFile
from kouyu.cli.saying import say
from kouyu.cli.tier_option import tier_option
from kouyu.weights import cache, catalogue
from kouyu.weights.errors import WeightsError
from kouyu.weights.mirror import chosen_mirror
from kouyu.weights.weight_set import WeightSet

EXTRAS = ("server", "embedded", "engines", "piper", "emotion", "microphone", "postgres", "otel")


@click.command()
@click.argument("file", type=OutputFile())
@click.option("--python", type=click.Choice(PYTHONS), help="Python of that machine. [default: this one]")
@click.option("--platform", type=click.Choice(platforms()), help="System and processor there. [default: this one]")
@click.option(
    "--extra", "extras", multiple=True, type=click.Choice(EXTRAS), help="May be repeated. [default: embedded]"
)
@click.option("--weights", "more", multiple=True, type=WeightSetName(), help="One more weight set; may be repeated.")
@tier_option
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def bundle(
    file: Path,
    python: str | None,
    platform: str | None,
    extras: tuple[str, ...],
    more: tuple[WeightSet, ...],
    tier: str | None,
    force: bool,
) -> None:
    """Write all that kouyu needs into FILE, a tar archive: wheels, weights, and a script that installs them.

    On the other machine, whose Python is the one chosen here:

    \b
      tar xf FILE
      python3 kouyu-VERSION/install.py FOLDER
    """
    if file.exists() and not force:
        raise click.ClickException(f"{file} exists already: give another name, or --force")
    here = this_machine()
    target = Target(python or here.python, platform or here.platform)
    chosen = extras or ("embedded",)
    begun = time.monotonic()
    try:
        sets = _sets(chosen, tier, more)
        fetch_shown(sets, chosen_mirror(settings_here().weights.mirror))
        sets = tuple(map(cache.usable, sets))
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".kouyu-bundle-") as folder:
            say(f"Collecting the wheels for Python {target.python} on {target.platform}", err=True)
            collect_wheels(target, chosen, Path(folder), shown=sys.stderr.isatty())
            with CopyProgress() as progress:
                made = write_bundle(
                    file, target, chosen, Path(folder), sets, lambda done, whole: progress("bundle", done, whole)
                )
    except (BundleError, WeightsError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or file}: {error.strerror or error}") from error
    size = sum(each.size for each in made.files) / 1e6
    say(f"{file}: {len(made.files)} files, {size:.0f} MB, in {time.monotonic() - begun:.0f} s. On that machine:")
    say(f"  tar xf {file.name} && python{target.python} kouyu-{made.kouyu}/install.py FOLDER")


def _sets(extras: Sequence[str], tier: str | None, more: Sequence[WeightSet]) -> tuple[WeightSet, ...]:
    """The weight sets of the bundle: those of a server with default settings, a language model, and those named."""
    language_model = [_tier_weights(tier)] if "embedded" in extras else []
    wanted = (*catalogue.default_sets(), *language_model, *more)
    return tuple({each.name: each for each in wanted}.values())


def _tier_weights(tier: str | None) -> WeightSet:
    if tier in (None, "auto"):
        options = settings_here().engines.options_of(ENGINE)
        choice = chosen_now(options) if options.tier == "auto" else chosen_for_good(options)
        if choice is not None:
            return catalogue.find(choice.tier.weights)
    named = {each.name: each.weights for each in TIERS}
    return catalogue.find(named[tier] if tier in named else TIERS[0].weights)
