"""The file with a running server's base URLs: the server writes it when ready, kouyu's other commands read it."""

import logging
from pathlib import Path
from typing import Final

import msgspec

from kouyu.server.process.private_file import replace_file

log = logging.getLogger(__name__)

NAME: Final = "address.json"
"""Its name in the data folder."""


class Address(msgspec.Struct, frozen=True):
    """Base URLs of a server."""

    http: str
    lan: tuple[str, ...] = ()
    """The same server over TLS, for other machines of the local network; empty if it listens for this machine alone."""


def write_address(folder: Path, address: Address) -> None:
    """Save the address in the data folder. It stays there when the server stops: the next one is mostly the same.

    A failure is logged only, since the server works without the file.
    """
    try:
        replace_file(folder / NAME, msgspec.json.encode(address), 0o600)
    except OSError as error:
        log.warning("%s cannot be written (%s); kouyu's other commands need --url", folder / NAME, error.strerror)


def read_address(folder: Path) -> Address | None:
    """Return the address of the last server on this data folder, or None if there was none."""
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=Address)
    except (OSError, msgspec.DecodeError):
        return None
