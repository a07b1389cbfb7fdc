"""``kouyu audit``: list who administered what, and when."""

import sys
from datetime import datetime
from pathlib import Path
from time import time

import click
import msgspec
from rich.table import Column, Table

from kouyu.cli.local_server import data_dir_option
from kouyu.cli.on_store import on_store
from kouyu.cli.safe_console import SafeConsole
from kouyu.cli.token_options import Duration
from kouyu.store.audit import LISTED


@click.command()
@click.option("--since", type=Duration(), metavar="TIME", help="Entries of the last 12h, 30d and so on. [default: all]")
@click.option("--limit", type=click.IntRange(1), default=LISTED, show_default=True, help="Most entries to list.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object in each line.")
@data_dir_option
def audit(since: int | None, limit: int, as_json: bool, data_dir: Path | None) -> None:
    """List who administered what, and when; the latest first.

    Tokens created, changed and revoked, links to the page, bots changed over REST, users exported and deleted, settings
    read anew, backups made and restored.
    """
    after = 0 if since is None else int(time()) - since
    entries = on_store(data_dir, lambda store: store.audit.list(since=after, limit=limit), fresh=False)
    if as_json:
        for entry in entries:
            click.echo(msgspec.json.encode(entry).decode())
        return
    columns = (Column(title, no_wrap=True) for title in ("When", "Who", "What"))
    table = Table(*columns, "Of what", "Owner", "Details", box=None, pad_edge=False)
    for entry in entries:
        when = f"{datetime.fromtimestamp(entry.at):%Y-%m-%d %H:%M:%S}"
        table.add_row(when, entry.actor, entry.action, entry.subject, entry.owner, entry.detail)
    SafeConsole(width=None if sys.stdout.isatty() else 160).print(table if entries else "There are no entries.")
