"""``kouyu app``: register, list and delete OAuth apps, also while a server runs on the same data."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import click
from rich.table import Column, Table

from kouyu.cli.app_keys import new_key_pair, public_keys_in, write_private_key
from kouyu.cli.local_server import address_of, data_dir_option, data_folder
from kouyu.cli.on_store import on_store
from kouyu.cli.operator import operator
from kouyu.cli.safe_console import SafeConsole
from kouyu.cli.saying import say
from kouyu.cli.token_options import permission_option, permissions_of
from kouyu.store.apps import AppKind, AppRecord
from kouyu.store.store import Store
from kouyu.store.token_records import CLIENT_PERMISSIONS, opened_by
from kouyu.store.tokens import check_owner

_KINDS: Final = ("service", "web", "pkce", "device")


@click.group()
def app() -> None:
    """Register, list and delete OAuth apps: programs that get access tokens by signing in.

    \b
    service  a server, or a device with a key: signs a JWT (JWTAuth, JWTOAuthApp)
    web      a web application: its users consent in the browser, it has a secret (WebOAuthApp)
    pkce     an app on a phone, a computer or in a page: the same without a secret (PKCEOAuthApp)
    device   without a browser: shows a code, which its user enters on another device (DeviceOAuthApp)

    A program that can keep an access token needs none of this; see kouyu token.
    """


@app.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(_KINDS), required=True, help="How it signs in; see kouyu app --help.")
@click.option(
    "--public-key",
    "public_keys",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The public key (PEM) of a service app; may be given more than once.  [default: a new pair of keys]",
)
@click.option(
    "--private-key",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the new private key of a service app is written.  [default: NAME.private.pem]",
)
@click.option(
    "--key-id",
    "key_ids",
    multiple=True,
    metavar="ID",
    help="The id (kid) of each public key, where apps have one already.  [default: its fingerprint]",
)
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    metavar="URI",
    help="Where a web or pkce app's users go after they have consented, exactly as the app sends it; may be given more"
    " than once.",
)
@click.option(
    "--audience",
    "audiences",
    multiple=True,
    metavar="HOST",
    help="A host name that a service app's JWTs name (aud) besides those of this server, as api.coze.cn in devices that"
    " cannot be changed; may be given more than once.",
)
@click.option("--client-id", default="", metavar="ID", help="Where apps have one already.  [default: a new one]")
@click.option("--owner", default="", metavar="NAME", help="Whose data its tokens read and write.  [default: no name]")
@permission_option("everything but administration")
@data_dir_option
def create(
    name: str,
    kind: AppKind,
    public_keys: tuple[Path, ...],
    private_key: Path | None,
    key_ids: tuple[str, ...],
    redirect_uris: tuple[str, ...],
    audiences: tuple[str, ...],
    client_id: str,
    owner: str,
    permissions: tuple[str, ...],
    data_dir: Path | None,
) -> None:
    """Register an app named NAME, and show what it needs to sign in. A web app's secret is shown only this once."""
    _check_options(kind, public_keys, private_key, key_ids, redirect_uris, audiences)
    try:
        check_owner(owner)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    written = None
    if kind == "service" and not public_keys:
        written = private_key or Path(f"{Path(name).name}.private.pem")
    keys = public_keys_in(public_keys, key_ids)
    if written:
        pem, keys = new_key_pair(next(iter(key_ids), ""))
        write_private_key(written, pem)

    async def make(store: Store) -> tuple[AppRecord, str]:
        record, secret = await store.apps.create(
            name,
            kind,
            client_id=client_id,
            owner=owner,
            permissions=permissions_of(permissions) or CLIENT_PERMISSIONS,
            public_keys=keys,
            redirect_uris=tuple(dict.fromkeys(redirect_uris)),
            audiences=tuple(each.lower() for each in audiences),
        )
        detail = f"{kind}, opens {opened_by(record.permissions)}"
        await store.audit.note(operator(), "app.created", name, owner=owner, detail=detail)
        return record, secret

    try:
        record, secret = on_store(data_dir, make)
    except (ValueError, click.ClickException) as error:
        if written:
            written.unlink(missing_ok=True)
        if isinstance(error, ValueError):
            raise click.UsageError(str(error)) from error
        raise
    _show(record, secret, written, data_dir)


@app.command("list")
@data_dir_option
def list_apps(data_dir: Path | None) -> None:
    """List all apps with their client ids, without their secrets."""
    records = on_store(data_dir, lambda store: store.apps.list(), fresh=False)
    table = Table(
        Column("Name", no_wrap=True), Column("Client id", no_wrap=True), "Kind", "Owner", "Opens", "Keys and addresses",
        box=None, pad_edge=False,
    )  # fmt: skip
    for record in records:
        known = "\n".join((*record.public_keys, *record.redirect_uris, *(f"aud {each}" for each in record.audiences)))
        table.add_row(record.name, record.id, record.kind, record.owner, opened_by(record.permissions), known)
    SafeConsole(width=None if sys.stdout.isatty() else 160).print(
        table if records else "There are no apps. Register one with: kouyu app create NAME --kind service"
    )


@app.command()
@click.argument("name_or_id", metavar="NAME")
@data_dir_option
def delete(name_or_id: str, data_dir: Path | None) -> None:
    """Delete the app named NAME and revoke all of its tokens.

    A running server closes its connections within a second or two.
    """

    async def remove(store: Store) -> AppRecord | None:
        record = await store.apps.delete(name_or_id)
        if record is not None:
            await store.audit.note(operator(), "app.deleted", record.name, owner=record.owner)
        return record

    if on_store(data_dir, remove, fresh=False) is None:
        raise click.ClickException(f"there is no app {name_or_id}; kouyu app list has all of them")
    say(f"Deleted {name_or_id}, and revoked its tokens.")


def _check_options(
    kind: AppKind,
    public_keys: tuple[Path, ...],
    private_key: Path | None,
    key_ids: tuple[str, ...],
    redirect_uris: tuple[str, ...],
    audiences: tuple[str, ...],
) -> None:
    """Raises UsageError for options that this kind of app does not have, or lacks."""
    for_services = {
        "--public-key": public_keys, "--private-key": private_key, "--key-id": key_ids, "--audience": audiences
    }  # fmt: skip
    if kind != "service" and (given := [name for name, value in for_services.items() if value]):
        raise click.UsageError(f"{given[0]} is for service apps alone")
    if public_keys and private_key:
        raise click.UsageError("--private-key is for a new pair of keys: leave it out beside --public-key")
    if key_ids and len(key_ids) != max(1, len(public_keys)):
        raise click.UsageError("give one --key-id for each --public-key, in the same order")
    if kind in ("web", "pkce") and not redirect_uris:
        raise click.UsageError(f"a {kind} app needs --redirect-uri, where its users go after they have consented")
    if kind in ("service", "device") and redirect_uris:
        raise click.UsageError("--redirect-uri is for web and pkce apps alone")


def _show(record: AppRecord, secret: str, private_key: Path | None, data_dir: Path | None) -> None:
    """Print what the app needs, as the SDKs' examples name it."""
    made = datetime.fromtimestamp(record.created_at)
    say(f"Registered {record.name} ({record.kind}) on {made:%Y-%m-%d}. What it needs:")
    lines = {"client id": record.id}
    if secret:
        lines["client secret"] = f"{secret}   (not shown again)"
    for key_id in record.public_keys:
        lines["public key id"] = key_id
    if private_key:
        lines["private key"] = f"{private_key}   (only here: give it to the app, and delete it)"
    for uri in record.redirect_uris:
        lines[f"redirect URI {len(lines)}" if "redirect URI" in lines else "redirect URI"] = uri
    try:
        lines["base URL"] = address_of(data_folder(data_dir)).http
    except click.ClickException:
        lines["base URL"] = "that of the server, which has not been started yet"
    for name, value in lines.items():
        say(f"  {name}: {value}")
