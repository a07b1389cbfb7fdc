"""Runs a command's work on the store of a data folder, also while a server runs on it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from kouyu.cli.local_server import chosen_folder, chosen_store
from kouyu.cli.operator import operator
from kouyu.cli.saying import say
from kouyu.server.process.data_folder import DataFolder
from kouyu.store import location
from kouyu.store.audit import Action
from kouyu.store.errors import StoreError
from kouyu.store.store import Store

T = TypeVar("T")


def on_store(data_dir: Path | None, work: Callable[[Store], Awaitable[T]], *, fresh: bool = True) -> T:
    """Run ``work`` on the store; with ``fresh`` also on one that no server has created yet.

    Raises ClickException.
    """
    chosen = chosen_folder(data_dir)
    options = chosen_store(data_dir)
    database = location.database(chosen, options.url)
    if isinstance(database, Path) and DataFolder(database.parent).elsewhere.exists():
        raise click.ClickException(
            f"the server of {database.parent} has its database elsewhere: set KOUYU_DATABASE to its URL"
        )
    if not fresh and isinstance(database, Path) and not database.is_file():
        raise click.ClickException(
            f"no server has saved data in {database.parent} yet; name its folder with --data-dir"
        )
    folder = DataFolder(location.data_dir(chosen))

    async def run() -> T:
        # recover=False: the open chats belong to the server that may be running.
        opened = await Store.open(
            database, recover=False, files_folder=folder.files, sessions_folder=folder.sessions, options=options
        )
        async with opened as store:
            return await work(store)

    try:
        return asyncio.run(run())
    except StoreError as error:
        raise click.ClickException(str(error)) from error


def note_done(data_dir: Path | None, action: Action, subject: str, detail: str = "") -> None:
    """Add to the audit log what this command has done. A log that cannot be written is a warning: it is done."""
    try:
        on_store(data_dir, lambda store: store.audit.note(operator(), action, subject, detail=detail))
    except (click.ClickException, ModuleNotFoundError) as error:
        say(f"Warning: the audit log does not have this: {error}", err=True)
