"""``kouyu token``: create, list and revoke access tokens, also while a server runs on the same data."""

import asyncio
import re
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.table import Column, Table

from kouyu.cli.local_server import address_of, chosen_folder, data_dir_option, data_folder
from kouyu.server.kouyu_api.link import login_link
from kouyu.store import location
from kouyu.store.errors import StoreError
from kouyu.store.store import Store
from kouyu.store.tokens import ALL_PERMISSIONS, Permission, TokenRecord

T = TypeVar("T")


_UNIT_SECONDS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Duration(click.ParamType[int]):
    """A time such as ``30d``, in seconds: a whole number and m, h, d or w."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds; fails for anything that is not a duration above zero."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is not a time such as 12h or 30d (m, h, d or w)", param, ctx)
        return int(match[1]) * _UNIT_SECONDS[match[2]]


class WebAddress(click.ParamType[str]):
    """The base URL of a server, without a slash at its end."""

    name = "url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The URL; fails for anything that a browser could not open."""
        parts = urlsplit(str(value))
        if parts.scheme not in ("http", "https") or not parts.netloc:
            self.fail(f"{value!r} is not an address such as https://talk.example.org", param, ctx)
        return str(value).rstrip("/")


@click.group()
def token() -> None:
    """Create, list and revoke access tokens of clients, and links to the page."""


@token.command()
@click.argument("name")
@click.option(
    "--expires", type=Duration(), metavar="TIME", help="How long it is valid, such as 12h or 30d. [default: for ever]"
)
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    type=click.Choice((*ALL_PERMISSIONS, "own_diagnostics")),
    help="What it permits; may be given more than once. [default: everything]",
)
@data_dir_option
def create(name: str, expires: int | None, permissions: tuple[Permission, ...], data_dir: Path | None) -> None:
    """Create a token named NAME and show it, only this once."""
    expires_at = None if expires is None else int(time.time()) + expires
    try:
        _, secret = _run(data_dir, lambda store: store.tokens.create(name, expires_at, permissions or ALL_PERMISSIONS))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="NAME") from error
    # Only the token goes to standard output, so that a script can capture it.
    click.echo("Keep this token: it is not shown again.", err=True)
    click.echo(secret)


@token.command(short_help="Print a login link to the page.")
@click.option("--url", type=WebAddress(), help="The server's URL for browsers. [default: where it was last started]")
@data_dir_option
def link(url: str | None, data_dir: Path | None) -> None:
    """Print a login link to the page, valid for one use within a day.

    A server for the local network has several URLs; their login works once, for all of them together.
    """
    address = address_of(data_folder(data_dir))
    login = _run(data_dir, lambda store: store.tokens.create_login(), fresh=False)
    for base_url in [url] if url else [address.http, *address.lan]:
        click.echo(login_link(base_url, login))


@token.command("list")
@data_dir_option
def list_tokens(data_dir: Path | None) -> None:
    """List all tokens, without their secrets."""
    records = _run(data_dir, lambda store: store.tokens.list(), fresh=False)
    columns = (Column(title, no_wrap=True) for title in ("Name", "Made", "Expires", "Last used"))
    table = Table(*columns, "Opens", box=None, pad_edge=False)
    now = time.time()
    for record in records:
        opens = "everything" if set(record.permissions) == set(ALL_PERMISSIONS) else ", ".join(record.permissions)
        dates = _date(record.created_at), _expiry(record, now), _date(record.last_used_at)
        table.add_row(record.name, *dates, opens)
    Console(width=None if sys.stdout.isatty() else 120).print(
        table if records else "There are no tokens. Make one with: kouyu token create NAME"
    )


@token.command()
@click.argument("name_or_id", metavar="NAME")
@data_dir_option
def revoke(name_or_id: str, data_dir: Path | None) -> None:
    """Delete the token named NAME. A running server refuses it within a second or two."""
    if not _run(data_dir, lambda store: store.tokens.revoke(name_or_id), fresh=False):
        raise click.ClickException(f"there is no token {name_or_id}")
    click.echo(f"Revoked {name_or_id}.")


def _run(data_dir: Path | None, work: Callable[[Store], Awaitable[T]], *, fresh: bool = True) -> T:
    """Run ``work`` on the store; with ``fresh`` also on one that no server has created yet."""
    database = location.database(chosen_folder(data_dir))
    if not fresh and isinstance(database, Path) and not database.is_file():
        raise click.ClickException(
            f"no server has saved data in {database.parent} yet; name its folder with --data-dir"
        )

    async def on_store() -> T:
        # recover=False: the open chats belong to the server that may be running.
        async with await Store.open(database, recover=False) as store:
            return await work(store)

    try:
        return asyncio.run(on_store())
    except StoreError as error:
        raise click.ClickException(str(error)) from error


def _expiry(record: TokenRecord, now: float) -> str:
    if record.expires_at is None:
        return "never"
    return "expired" if record.expired(now) else _date(record.expires_at)


def _date(unix_seconds: int | None) -> str:
    return "never" if unix_seconds is None else f"{datetime.fromtimestamp(unix_seconds):%Y-%m-%d}"
