"""Writes out what a comparison measured, besides its tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import click
import msgspec


class Measured(Protocol):
    """A comparison's report."""

    @property
    def sides(self) -> Sequence[Any]:
        """What was measured of each peer that could be."""


def write_out(report: Measured, *, markdown: str, json_file: Path | None) -> None:
    """Print the Markdown, if there is any, and write the whole report to the file. Raises ClickException if no side
    could be measured."""
    if markdown:
        click.echo(markdown)
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    if not report.sides:
        raise click.ClickException("none of them could be measured")
