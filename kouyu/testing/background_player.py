"""A player on a thread of its own, with an event loop of its own."""

import asyncio
import contextlib
import functools
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

from kouyu.cassettes.differences import Difference
from kouyu.cassettes.listening import listening
from kouyu.cassettes.reading import read_cassette
from kouyu.player.http_connection import serve_http
from kouyu.player.local_tls import ServedTls, local_tls
from kouyu.player.played_cassette import PlayedCassette


class ClientDiffers(AssertionError):
    """The client has done something else than the recorded one. The text has each difference."""


class BackgroundPlayer:
    """A running player. ``url`` and ``ws_url`` are its addresses; any ``token`` is accepted."""

    token = "cassette"

    def __init__(self, played: PlayedCassette, port: int, *, once: bool, tls: ServedTls | None) -> None:
        self._played = played
        self._once = once
        self.authority = None if tls is None else tls.authority
        """With TLS: the PEM file that the client must trust, such as by the variable SSL_CERT_FILE."""
        secure = "s" if tls else ""
        self.url = f"http{secure}://127.0.0.1:{port}"
        self.ws_url = f"ws{secure}://127.0.0.1:{port}"

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What clients have done so far and the recorded ones did not; of each connection the first."""
        return tuple(self._played.differences)

    def check(self) -> None:
        """Raise ClientDiffers if a client has done something else, or a connection that is to be played was not
        opened."""
        found = [str(each) for each in self.differences]
        if self._once and (left := self._played.recordings.unplayed()):
            found.append(f"no client opened the connections of {', '.join(left)}")
        if found:
            raise ClientDiffers("\n".join(found))


@contextlib.contextmanager
def play(
    cassette: Path | str, *, fast: bool = True, once: bool = True, tls: bool = False
) -> Iterator[BackgroundPlayer]:
    """Play a cassette for the length of a block, on a free port of 127.0.0.1; at its end ``check`` is called.

    ``fast``: without the recorded waits. ``once``: each recorded connection must be opened, and once. ``tls``: serve
    https:// and wss:// with a certificate of its own (cozepy takes no other), which needs the package cryptography.
    Raises UnreadableCassette, and ClientDiffers at the end of a block that raised nothing.
    """
    played = PlayedCassette(read_cassette(Path(cassette)), fast=fast, once=once, report=lambda _: None)
    with tempfile.TemporaryDirectory() as certificates:
        served = local_tls(Path(certificates)) if tls else None
        with _running(played, served) as port:
            player = BackgroundPlayer(played, port, once=once, tls=served)
            yield player
    player.check()


@contextlib.contextmanager
def _running(played: PlayedCassette, tls: ServedTls | None) -> Iterator[int]:
    stop = asyncio.Event()
    ready: Future[tuple[int, asyncio.AbstractEventLoop]] = Future()
    thread = threading.Thread(target=_run, args=(played, tls, stop, ready), name="kouyu play", daemon=True)
    thread.start()
    port, loop = ready.result()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def _run(
    played: PlayedCassette,
    tls: ServedTls | None,
    stop: asyncio.Event,
    ready: "Future[tuple[int, asyncio.AbstractEventLoop]]",
) -> None:
    async def serve() -> None:
        try:
            async with listening(
                functools.partial(serve_http, played), "127.0.0.1", 0, tls.context if tls else None
            ) as port:
                ready.set_result((port, asyncio.get_running_loop()))
                await stop.wait()
                await _last_words(played)
        except OSError as fault:
            ready.set_exception(fault)

    asyncio.run(serve())


async def _last_words(played: PlayedCassette) -> None:
    """Let clients that have just closed their connections be noticed."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            while played.open_connections:
                played.changed.clear()
                await played.changed.wait()
