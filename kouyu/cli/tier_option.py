"""The option --tier of the commands that start a server."""

from typing import Final

import click

TIER_NAMES: Final = ("auto", "tiny", "small", "medium")

tier_option = click.option(
    "--tier",
    type=click.Choice(TIER_NAMES),
    metavar="TIER",
    help="Size of the embedded language model: auto, tiny, small, medium. [default: that of the settings, else auto]",
)
