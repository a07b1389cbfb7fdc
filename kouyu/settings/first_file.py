"""Writes the settings file of a first start: every default, commented out."""

import os
from importlib.resources import files
from pathlib import Path

FILE_NAME = "kouyu.toml"


def commented_defaults() -> str:
    """The text of a settings file with all defaults commented out."""
    return (files(__package__) / FILE_NAME).read_text(encoding="utf-8")


def write_first(path: Path) -> bool:
    """Write the commented file, readable by its owner alone (the user may add an API key).

    True if it was written, False if there is one already. Raises OSError.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(commented_defaults())
    return True
