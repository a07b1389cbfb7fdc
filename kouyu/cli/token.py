"""``kouyu token``: make, list and revoke access tokens, also while a server runs on the same data."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import click
from rich.console import Console
from rich.table import Column, Table

from kouyu.server.own.link import login_link
from kouyu.settings.model import DEFAULT_URL
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


data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Folder with the server's data. [default: ${location.DATA_DIR_VARIABLE}, or your own data folder]",
)


@click.group()
def token() -> None:
    """Make, list and revoke the access tokens that clients show."""


@token.command()
@click.argument("name")
@click.option(
    "--expires", type=Duration(), metavar="TIME", help="How long it is good for, as 12h or 30d. [default: for ever]"
)
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    type=click.Choice((*ALL_PERMISSIONS, "own_diagnostics")),
    help="What it opens; may be given more than once. [default: everything]",
)
@data_dir_option
def create(name: str, expires: int | None, permissions: tuple[Permission, ...], data_dir: Path | None) -> None:
    """Make a token called NAME and show it, this once."""
    expires_at = None if expires is None else int(time.time()) + expires
    try:
        _, secret = _run(data_dir, lambda store: store.tokens.create(name, expires_at, permissions or ALL_PERMISSIONS))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="NAME") from error
    # The token alone on standard output, so that a script can catch it.
    click.echo("Keep this token: it is not shown again.", err=True)
    click.echo(secret)


@token.command()
@click.option("--url", default=DEFAULT_URL, show_default=True, help="Where the server is reached.")
@data_dir_option
def link(url: str, data_dir: Path | None) -> None:
    """Print an address of the page with a login in it, good for one use within a day."""
    click.echo(login_link(url.rstrip("/"), _run(data_dir, lambda store: store.tokens.create_login())))


@token.command("list")
@data_dir_option
def list_tokens(data_dir: Path | None) -> None:
    """Show all tokens, without their secrets."""
    records = _run(data_dir, lambda store: store.tokens.list())
    table = Table("name", Column("id", no_wrap=True), "opens", "made", "expires", "last used")
    now = time.time()
    for record in records:
        opens = "everything" if set(record.permissions) == set(ALL_PERMISSIONS) else ", ".join(record.permissions)
        table.add_row(
            record.name, record.id, opens, _date(record.created_at), _expiry(record, now), _date(record.last_used_at)
        )
    Console().print(table if records else "There are no tokens. Make one with: kouyu token create NAME")


@token.command()
@click.argument("name_or_id")
@data_dir_option
def revoke(name_or_id: str, data_dir: Path | None) -> None:
    """Delete a token. A running server refuses it within a second or two."""
    if not _run(data_dir, lambda store: store.tokens.revoke(name_or_id)):
        raise click.ClickException(f"there is no token {name_or_id}")
    click.echo(f"Revoked {name_or_id}.")


def _run(data_dir: Path | None, work: Callable[[Store], Awaitable[T]]) -> T:
    async def on_store() -> T:
        # recover=False: the open chats belong to the server that may be running.
        async with await Store.open(location.database(data_dir), recover=False) as store:
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
