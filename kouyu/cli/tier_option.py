"""The option --tier of the commands that start a server."""

import functools
from typing import Final, TypeVar

import click

from kouyu.agents.embedded.tiers import TIERS
from kouyu.weights import WeightsError

TIER_NAMES: Final = ("auto", "tiny", "small", "medium")


Tiers = TypeVar("Tiers", str | None, tuple[str, ...])


def check_fetched(ctx: click.Context, param: click.Parameter, value: Tiers) -> Tiers:
    """Refuse a tier that is not on this machine: the server would begin with a smaller one."""
    chosen = value if isinstance(value, tuple) else (value,)
    for tier in TIERS:
        if tier.name in chosen:
            try:
                tier.model_file()
            except WeightsError as error:
                raise click.BadParameter(str(error), ctx, param) from error
    return value


_option = functools.partial(
    click.option,
    "--tier",
    type=click.Choice(TIER_NAMES),
    metavar="TIER",
    help="Size of the embedded language model: auto, tiny, small, medium. [default: that of the settings, else auto]",
)
tier_option = _option()
fetched_tier_option = _option(callback=check_fetched)
"""For measurements: the tier itself must be on this machine."""
