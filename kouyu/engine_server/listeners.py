"""Where an engine process accepts connections: a port, or a socket in the file system."""

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kouyu.engines.remote.options import UNIX
from kouyu.settings.engine_server import EngineServerSettings

BACKLOG: Final = 2048


class CannotListen(Exception):
    """The address cannot be used. The text says why."""


@contextlib.contextmanager
def listener_of(chosen: EngineServerSettings) -> Iterator[tuple[socket.socket, str]]:
    """The socket to accept connections from, and its address for servers. Raises CannotListen."""
    if chosen.unix:
        path = Path(chosen.unix)
        with _unix_listener(path) as listener:
            try:
                yield listener, f"{UNIX}{path.absolute()}"
            finally:
                path.unlink(missing_ok=True)
        return
    with _tcp_listener(chosen.host, chosen.port) as listener:
        host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
        yield listener, f"http://{host}:{listener.getsockname()[1]}"


def _tcp_listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while")[0]
        raise CannotListen(f"{host}:{port}: {why}; take another one with --host, --port") from None
    listener.setblocking(False)
    return listener


def _unix_listener(path: Path) -> socket.socket:
    """A socket that this user alone can connect to. Replaces one that a process left behind."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_left_behind(path):
            path.unlink()
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(f"{path}: {error.strerror or error}; take another path with --unix") from None
    listener.setblocking(False)
    return listener


def _is_left_behind(path: Path) -> bool:
    """Whether there is a socket on which nobody listens any more."""
    if not path.exists() or not stat.S_ISSOCK(path.stat().st_mode):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
    return False
