"""Downloads one file of known SHA-256, and resumes an interrupted download."""

from __future__ import annotations

import errno
import hashlib
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import httpx
import msgspec

from kouyu.weights.errors import FetchFailed, Gone, Interrupted, NoSpace, WrongContent

_BLOCK: Final = 1 << 18
_TRIES: Final = 5
_PAUSE_SECONDS: Final = 0.5
_NOT_WORTH_A_RETRY: Final = frozenset({400, 401, 403, 404, 410})
_GONE: Final = frozenset({404, 410})

Advance = Callable[[int], None]
"""Called with the number of bytes that arrived; negative for bytes that must be downloaded again."""


class Wanted(msgspec.Struct, frozen=True):
    """A file to download: URL, SHA-256, and size in bytes."""

    url: str
    sha256: str
    size: int


class Downloader:
    """Downloads over one client. Usable from several threads, for different targets.

    Setting `stop` ends every download at its next block with Interrupted; received bytes are kept.
    """

    def __init__(self, client: httpx.Client, stop: threading.Event) -> None:
        self._client = client
        self._stop = stop

    def fetch(self, wanted: Wanted, target: Path, advance: Advance) -> None:
        """Download the file to `target`; until it is complete and checked it is named `target` plus `.part`.

        Raises WrongContent (nothing is left then), Gone, NoSpace, Interrupted, FetchFailed.
        """
        partial = partial_of(target)
        if target.exists():
            # Complete, but the fetch it belonged to failed.
            target.replace(partial)
        resumed = partial.exists()
        try:
            self._complete(wanted, partial, advance)
            check(partial, wanted.sha256, what=wanted.url)
        except WrongContent:
            advance(-wanted.size)
            if not resumed:
                raise
            # Bytes from an earlier run may be to blame.
            self._complete(wanted, partial, advance)
            check(partial, wanted.sha256, what=wanted.url)
        except OSError as error:
            raise _disk_error(error, partial, wanted.size) from error
        partial.replace(target)

    def _complete(self, wanted: Wanted, partial: Path, advance: Advance) -> None:
        """Download all bytes to `partial`, unchecked; one byte too many ends it, and the check then refuses it."""
        advance(_size(partial))
        for tries_left in reversed(range(_TRIES)):
            if _size(partial) >= wanted.size:
                return
            try:
                self._continue(wanted, partial, advance)
            except httpx.HTTPStatusError as error:
                code = error.response.status_code
                if code in _GONE:
                    raise Gone(f"{wanted.url} is not there (HTTP status {code}).") from error
                if tries_left == 0 or code in _NOT_WORTH_A_RETRY:
                    raise FetchFailed(f"{wanted.url} was refused with HTTP status {code}.") from error
            except httpx.HTTPError as error:
                if tries_left == 0:
                    raise FetchFailed(
                        f"{wanted.url} could not be downloaded ({type(error).__name__}: {error}). "
                        "Check the network; received data is kept, and the next fetch resumes there."
                    ) from error
            if _size(partial) < wanted.size:
                self._pause()
        if _size(partial) < wanted.size:
            raise FetchFailed(f"{wanted.url} ended {_TRIES} times before all of it had arrived.")

    def _continue(self, wanted: Wanted, partial: Path, advance: Advance) -> None:
        """Request the missing bytes once, and append them to `partial`."""
        address = urlsplit(wanted.url)
        if address.scheme == "file":
            _restart(partial, advance)
            with Path(unquote(address.path)).open("rb") as content:
                self._append(iter(lambda: content.read(_BLOCK), b""), partial, wanted, advance)
            return
        have = _size(partial)
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with self._client.stream("GET", wanted.url, headers=headers) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                _restart(partial, advance)
                return
            response.raise_for_status()
            if have and _first_byte(response) != have:
                _restart(partial, advance)
                if response.status_code == httpx.codes.PARTIAL_CONTENT:
                    return
            self._append(response.iter_bytes(), partial, wanted, advance)

    def _append(self, blocks: Iterable[bytes], partial: Path, wanted: Wanted, advance: Advance) -> None:
        with partial.open("ab") as out:
            for block in blocks:
                if self._stop.is_set():
                    raise Interrupted
                out.write(block)
                advance(len(block))
                if out.tell() > wanted.size:
                    return

    def _pause(self) -> None:
        if self._stop.wait(_PAUSE_SECONDS):
            raise Interrupted


def partial_of(target: Path) -> Path:
    """The path of the incomplete download of `target`."""
    return target.with_name(target.name + ".part")


def check(path: Path, sha256: str, *, what: str) -> None:
    """Delete the file and raise WrongContent unless it has this SHA-256."""
    with path.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != sha256:
        path.unlink()
        raise WrongContent(what, expected=sha256, found=found)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _restart(partial: Path, advance: Advance) -> None:
    advance(-_size(partial))
    partial.unlink(missing_ok=True)


def _first_byte(response: httpx.Response) -> int:
    """Where in the file the response's body starts; 0 when the server ignored the Range header."""
    if response.status_code != httpx.codes.PARTIAL_CONTENT:
        return 0
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def _disk_error(error: OSError, partial: Path, size: int) -> FetchFailed:
    if error.errno == errno.ENOSPC:
        return NoSpace(str(partial.parent), needed=size - _size(partial), free=0)
    return FetchFailed(f"{partial} could not be written: {error}.")
