"""Decides where kouyu keeps its data."""

import os
from pathlib import Path

import platformdirs

DATA_DIR_VARIABLE = "KOUYU_DATA_DIR"
DATABASE_VARIABLE = "KOUYU_DATABASE"
DATABASE_FILE = "kouyu.db"


def data_dir(given: str | Path | None = None) -> Path:
    """The folder for kouyu's data: the one given, else ``KOUYU_DATA_DIR``, else the user's own data folder."""
    chosen = given or os.environ.get(DATA_DIR_VARIABLE)
    return Path(chosen).expanduser() if chosen else own_data_dir()


def own_data_dir() -> Path:
    """The user's own data folder, which counts where none is named."""
    return platformdirs.user_data_path("kouyu")


def database(given: str | Path | None = None, url: str = "") -> str | Path:
    """Return the database for ``Store.open``: ``kouyu.db`` in the data folder, or another one by its URL.

    ``url``, that of the settings, counts before the one in ``KOUYU_DATABASE``; without any it is the folder's file.
    """
    return url or os.environ.get(DATABASE_VARIABLE) or data_dir(given) / DATABASE_FILE
