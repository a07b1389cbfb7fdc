"""Where the server of a data folder is reached: written when it is ready, read by the commands beside it."""

import logging
from pathlib import Path
from typing import Final

import msgspec

from kouyu.server.process.private_file import replace_file

log = logging.getLogger(__name__)

_NAME: Final = "address.json"


class Address(msgspec.Struct, frozen=True):
    """Base URLs of a server."""

    http: str
    lan: tuple[str, ...] = ()
    """The same server over TLS, for other machines of the local network; empty unless they are served."""


def write_address(folder: Path, address: Address) -> None:
    """Keep the address in the data folder. It stays there when the server stops: the next one is mostly the same.

    Where that cannot be done, the log says so: a server is there to be talked to.
    """
    try:
        replace_file(folder / _NAME, msgspec.json.encode(address), 0o600)
    except OSError as error:
        log.warning("%s cannot be written (%s); commands beside the server need --url", folder / _NAME, error.strerror)


def read_address(folder: Path) -> Address | None:
    """Where the last server on this data folder was reached; None where there was none."""
    try:
        return msgspec.json.decode((folder / _NAME).read_bytes(), type=Address)
    except (OSError, msgspec.DecodeError):
        return None
