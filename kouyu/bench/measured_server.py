"""Runs the server of a measurement in this process: the real application, with sessions that are measured."""

import asyncio
import functools
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from kouyu.assembly.runtime import Runtime
from kouyu.bench.children import ServerAddress
from kouyu.server.process.data_folder import open_data_folder
from kouyu.server.process.opening import Ready
from kouyu.server.process.server_life import serve
from kouyu.server.process.workers.parent import serve_in_workers
from kouyu.serving.background import in_background
from kouyu.settings import Settings, load
from kouyu.settings.all_settings import anchored
from kouyu.store.store import Store

_MOST_SESSIONS: Final = 10_000

OpenSessions = Callable[[Settings, Store], AbstractAsyncContextManager[Runtime]]


def run_measured_server(
    folder: Path,
    open_sessions: OpenSessions,
    *,
    config: Path | None = None,
    tier: str | None = None,
    refuses_overload: bool = False,
) -> None:
    """Serve until SIGTERM, on free ports, with the data in ``folder``; print a ServerAddress in a line when ready.

    ``config``: a settings file; ``tier``: of the embedded language model, instead of the one in the settings.
    """
    settings = _settings(config, tier, refuses_overload=refuses_overload)
    with open_data_folder(folder / "data") as data_folder:
        work = serve(
            settings,
            data_folder,
            folder / "data" / "kouyu.db",
            open_sessions=functools.partial(open_sessions, settings),
            announce=_announce,
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)


def run_measured_workers(
    folder: Path,
    open_sessions: OpenSessions,
    workers: int,
    beside: Coroutine[Any, Any, None],
    *,
    config: Path | None = None,
    tier: str | None = None,
    shares_engines: bool,
) -> None:
    """As ``run_measured_server``, in worker processes. ``beside`` runs in this process meanwhile."""
    settings = _settings(config, tier, workers=workers)

    async def work() -> None:
        async with in_background(beside, "reports"):
            await serve_in_workers(
                settings,
                data_folder,
                folder / "data" / "kouyu.db",
                open_sessions=open_sessions,
                announce=_announce,
                shares_engines=shares_engines,
            )

    with (
        open_data_folder(folder / "data") as data_folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(work())


def _settings(config: Path | None, tier: str | None, *, refuses_overload: bool = False, workers: int = 1) -> Settings:
    given: dict[tuple[str, ...], tuple[str, Any]] = {
        ("server", "workers"): ("workers", workers),
        ("server", "port"): ("port", 0),
        ("server", "https_port"): ("https_port", 0),
        ("server", "max_sessions"): ("max_sessions", _MOST_SESSIONS),
        ("overload", "refuse"): ("refuse", refuses_overload),
    }
    if tier is not None:
        given["engines", "embedded", "tier"] = ("--tier", tier)
    settings = load(config, options=given)
    if config is not None:
        settings = anchored(settings, config.absolute().parent)
    return settings


def print_line(value: Any) -> None:
    """Print a value that msgspec encodes as a line of JSON."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def _announce(ready: Ready) -> None:
    print_line(ServerAddress(ready.http, ready.token, ready.pid))
