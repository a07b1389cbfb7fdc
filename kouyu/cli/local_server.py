"""Finds the server on this machine that a command uses: its data folder, address and token."""

import os
from pathlib import Path

import click

from kouyu.server.process.address_file import Address, read_address
from kouyu.settings import Settings, SettingsError, load
from kouyu.settings.all_settings import DEFAULT_URL, anchored
from kouyu.settings.first_file import FILE_NAME
from kouyu.settings.loading import load_data_dir, load_store
from kouyu.store import location
from kouyu.store.options import StoreOptions

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Folder with the server's data. [default: that of {FILE_NAME} in the current folder, "
    f"${location.DATA_DIR_VARIABLE}, or your own data folder]",
)


def chosen_folder(given: Path | None) -> Path | None:
    """Return the given folder, else that of the settings file in the current folder; None: the default folder.

    Raises ClickException for settings that cannot be read.
    """
    if given is not None:
        return given
    path = Path.cwd() / FILE_NAME
    try:
        kept_in = load_data_dir(path if os.path.isfile(path) else None, os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    return (path.parent / Path(kept_in).expanduser()).absolute() if kept_in else None


def chosen_store(given: Path | None) -> StoreOptions:
    """The database of the settings file in the current folder, or, with a data folder given, of the environment alone.

    Raises ClickException for settings that cannot be read.
    """
    path = Path.cwd() / FILE_NAME
    try:
        return load_store(path if given is None and os.path.isfile(path) else None, os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def settings_here() -> Settings:
    """The settings of a server that is started in the current folder. Raises ClickException if they cannot be read."""
    path = Path.cwd() / FILE_NAME
    try:
        settings = load(path if os.path.isfile(path) else None, environment=os.environ, options={})
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    return anchored(settings, path.parent)


def data_folder(given: Path | None) -> Path:
    """Return the data folder for a command. Raises ClickException as ``chosen_folder`` does."""
    return location.data_dir(chosen_folder(given))


def address_of(folder: Path) -> Address:
    """The address of the server on this data folder, or the default address."""
    return read_address(folder) or Address(http=DEFAULT_URL)


def token_of(folder: Path) -> str:
    """The access token of the server on this data folder. Raises ClickException if there is none."""
    path = folder / "token"
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        raise click.ClickException(f"give the access token with --token: there is none at {path}") from None
