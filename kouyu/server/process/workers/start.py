"""What the parent process gives a worker to begin with."""

import pickle
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

import msgspec

from kouyu.assembly.runtime import Runtime
from kouyu.server.process.tcp_listeners import Ports
from kouyu.server.process.workers.shared_engines import Shared
from kouyu.settings import Settings
from kouyu.store.store import Store

OpenWorkerSessions: TypeAlias = Callable[[Settings, Store], AbstractAsyncContextManager[Runtime]]
"""Loads what sessions need, in each worker: a function of a module, or ``functools.partial`` of one."""


class WorkerStart(msgspec.Struct, frozen=True, kw_only=True):
    """All that a worker needs to know."""

    worker: int
    """Counted from 0."""
    workers: int
    settings: Settings
    database: str | Path
    folder: Path
    """The data folder."""
    ports: Ports
    """Those of the server."""
    certificate: Path
    key: Path
    open_sessions: OpenWorkerSessions
    shared: Shared
    """What all workers share."""
    instance: str
    """Random, the same for all workers of a server."""

    def encode(self) -> bytes:
        """As bytes, for ``decoded``. They are read by a child of this process alone."""
        return pickle.dumps(self)


class Descriptors(msgspec.Struct, frozen=True):
    """What a worker inherits: its ends of the sockets to the parent, and the memory of the shared counts."""

    channel: int
    connections: int
    counts: int


def decoded(encoded: bytes) -> WorkerStart:
    """What ``WorkerStart.encode`` made."""
    start: WorkerStart = pickle.loads(encoded)
    return start
