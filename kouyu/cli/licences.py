"""`kouyu licences`: the licences of all that a server consists of besides kouyu."""

from __future__ import annotations

import sys

import click
from rich.table import Table

from kouyu.cli.installed_licences import installed_packages, is_gpl
from kouyu.cli.safe_console import SafeConsole
from kouyu.weights import cache, catalogue


@click.command()
def licences() -> None:
    """Show the licences of the model weights, of the installed Python packages, and of the native libraries in them.

    A licence under which whoever passes the program on must offer its source (GPL) is marked with *.
    """
    console = SafeConsole(width=None if sys.stdout.isatty() else 160)
    packages = installed_packages()
    console.print(_weights())
    console.print(_table("Python package", [(each.name, each.version, each.licence) for each in packages]))
    libraries = [(library.file, each.name, library.licence) for each in packages for library in each.libraries]
    console.print(_table("Native library", libraries, second="In"))
    console.print("* GPL. What follows from it: docs/licences.md", highlight=False)


def _weights() -> Table:
    table = Table("Weight set", "Fetched", "Licence", "Note", box=None, pad_edge=False)
    for each in catalogue.every_set():
        table.add_row(each.name, "yes" if cache.is_there(each) else "no", _marked(each.licence), each.note)
    table.add_row("")
    return table


def _table(title: str, rows: list[tuple[str, str, str]], second: str = "Version") -> Table:
    table = Table(title, second, "Licence", box=None, pad_edge=False)
    for name, detail, licence in rows:
        table.add_row(name, detail, _marked(licence))
    table.add_row("")
    return table


def _marked(licence: str) -> str:
    return f"{licence} *" if is_gpl(licence) else licence
