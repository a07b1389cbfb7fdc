"""``kouyu token``: create, change, list and revoke access tokens, also while a server runs on the same data."""

import sys
import time
from datetime import datetime
from pathlib import Path

import click
from rich.table import Column, Table

from kouyu.cli.local_server import address_of, data_dir_option, data_folder
from kouyu.cli.on_store import on_store
from kouyu.cli.operator import operator
from kouyu.cli.safe_console import SafeConsole
from kouyu.cli.saying import say
from kouyu.cli.token_options import (
    Duration,
    WebAddress,
    limit_options,
    limits_of,
    permission_option,
    permissions_of,
)
from kouyu.server.kouyu_api.link import login_link
from kouyu.store.store import Store
from kouyu.store.token_records import CLIENT_PERMISSIONS, TokenLimits, TokenRecord


@click.group()
def token() -> None:
    """Create, change, list and revoke access tokens of clients, and links to the page."""


@token.command()
@click.argument("name")
@click.option(
    "--expires", type=Duration(), metavar="TIME", help="How long it is valid, such as 12h or 30d. [default: for ever]"
)
@click.option("--owner", default="", metavar="NAME", help="Whose data it reads and writes. [default: no name]")
@permission_option("everything but administration")
@limit_options
@data_dir_option
def create(
    name: str,
    expires: int | None,
    owner: str,
    permissions: tuple[str, ...],
    data_dir: Path | None,
    **limits: str | None,
) -> None:
    """Create a token named NAME and show it, only this once."""
    expires_at = None if expires is None else int(time.time()) + expires
    given = permissions_of(permissions) or CLIENT_PERMISSIONS
    most = TokenLimits(**limits_of(limits))

    async def make(store: Store) -> str:
        record, secret = await store.tokens.create(name, expires_at, given, owner=owner, limits=most)
        await store.audit.note(operator(), "token.created", name, owner=owner, detail=record.grants)
        return secret

    try:
        secret = on_store(data_dir, make)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    # Only the token goes to standard output, so that a script can capture it.
    say("Keep this token: it is not shown again.", err=True)
    click.echo(secret)


@token.command()
@click.argument("name_or_id", metavar="NAME")
@permission_option("as before")
@limit_options
@data_dir_option
def change(name_or_id: str, permissions: tuple[str, ...], data_dir: Path | None, **limits: str | None) -> None:
    """Change what the token named NAME permits, and its limits; "none" takes a limit away.

    What is not given stays. A running server follows within a second or two.
    """
    changes = limits_of(limits)
    if not permissions and not changes:
        raise click.UsageError("give a permission or a limit to change; see kouyu token change --help")
    given = permissions_of(permissions) or None

    async def apply(store: Store) -> TokenRecord | None:
        record = await store.tokens.change(name_or_id, permissions=given, limits=changes)
        if record is not None:
            await store.audit.note(operator(), "token.changed", record.name, owner=record.owner, detail=record.grants)
        return record

    changed = on_store(data_dir, apply, fresh=False)
    if changed is None:
        raise _unknown(name_or_id)
    say(f"{changed.name} {changed.grants}.")


@token.command(short_help="Print a login link to the page.")
@click.option("--url", type=WebAddress(), help="The server's URL for browsers. [default: where it was last started]")
@click.option("--owner", default="", metavar="NAME", help="Whose data the page shows. [default: no name]")
@data_dir_option
def link(url: str | None, owner: str, data_dir: Path | None) -> None:
    """Print a login link to the page, valid for one use within a day.

    A server for the local network has several URLs; their login works once, for all of them together.
    """
    address = address_of(data_folder(data_dir))

    async def make(store: Store) -> str:
        login = await store.tokens.create_login(owner)
        await store.audit.note(operator(), "token.link_made", "", owner=owner)
        return login

    try:
        login = on_store(data_dir, make, fresh=False)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    for base_url in [url] if url else [address.http, *address.lan]:
        say(login_link(base_url, login))


@token.command("list")
@data_dir_option
def list_tokens(data_dir: Path | None) -> None:
    """List all tokens, without their secrets."""
    records = on_store(data_dir, lambda store: store.tokens.list(), fresh=False)
    columns = (Column(title, no_wrap=True) for title in ("Name", "Made", "Expires", "Last used"))
    table = Table(*columns, "Owner", "Opens", "Limits", box=None, pad_edge=False)
    now = time.time()
    for record in records:
        dates = _date(record.created_at), _expiry(record, now), _date(record.last_used_at)
        table.add_row(record.name, *dates, record.owner, record.opens, str(record.limits))
    SafeConsole(width=None if sys.stdout.isatty() else 120).print(
        table if records else "There are no tokens. Make one with: kouyu token create NAME"
    )


@token.command()
@click.argument("name_or_id", metavar="NAME")
@data_dir_option
def revoke(name_or_id: str, data_dir: Path | None) -> None:
    """Delete the token named NAME. A running server refuses it within a second or two."""

    async def remove(store: Store) -> TokenRecord | None:
        record = await store.tokens.revoke(name_or_id)
        if record is not None:
            await store.audit.note(operator(), "token.revoked", record.name, owner=record.owner)
        return record

    if not on_store(data_dir, remove, fresh=False):
        raise _unknown(name_or_id)
    say(f"Revoked {name_or_id}.")


def _unknown(name_or_id: str) -> click.ClickException:
    return click.ClickException(f"there is no token {name_or_id}; kouyu token list has all of them")


def _expiry(record: TokenRecord, now: float) -> str:
    if record.expires_at is None:
        return "never"
    return "expired" if record.expired(now) else _date(record.expires_at)


def _date(unix_seconds: int | None) -> str:
    return "never" if unix_seconds is None else f"{datetime.fromtimestamp(unix_seconds):%Y-%m-%d}"
