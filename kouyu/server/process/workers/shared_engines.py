"""The engines and the language model that all workers of a server share: one process more loads them."""

import asyncio
import contextlib
import logging
import pickle
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from kouyu.agents.embedded.attached import Attachment
from kouyu.agents.embedded.attached_engine import NAME as ATTACHED
from kouyu.engines import engine_registry
from kouyu.engines.remote.options import NAME as REMOTE
from kouyu.engines.remote.options import UNIX, RemoteOptions
from kouyu.server.process.workers.restarts import Pauses, WorkerFailed, how
from kouyu.serving.background import in_background
from kouyu.settings import Settings
from kouyu.settings.bots import needs_embedded_model
from kouyu.settings.engine_server import ServedKind

log = logging.getLogger(__name__)

CHILD: Final = "kouyu.engine_server.child"
"""The module that the process runs."""
_STOP_S: Final = 3.0
_OTHER_SERVERS: Final = frozenset({REMOTE, "openai"})
"""Engines that are other servers already: nothing is loaded for them."""


class Shared(msgspec.Struct, frozen=True):
    """Where the workers find what they share. ``engines`` is an address, "" for none; ``model`` has the slots of the
    language model for each worker, if it is shared."""

    engines: str = ""
    model: tuple[Attachment, ...] = ()


NOTHING: Final = Shared()


class _Told(msgspec.Struct, frozen=True):
    """As the child has it."""

    model: tuple[Attachment, ...] = ()
    failed: str = ""


def shared_kinds(settings: Settings) -> tuple[ServedKind, ...]:
    """The kinds of engines that a process of their own serves for all workers: those that are loaded on this machine.

    None where the settings name remote engines already, which have the one table of options.
    """
    names = _names(settings)
    if any(REMOTE in of_kind for of_kind in names.values()):
        return ()
    return tuple(kind for kind, of_kind in names.items() if set(of_kind) - _OTHER_SERVERS)


def shares_model(settings: Settings) -> bool:
    """Whether the workers share a language model."""
    return settings.engines.llm == "embedded" and needs_embedded_model(settings.bots)


def with_shared(settings: Settings, shared: Shared, worker: int) -> Settings:
    """The settings with which a worker loads what it has of its own, and reaches what is shared."""
    chosen: dict[str, Any] = {}
    options = dict(settings.engines.options)
    if shared.engines:
        chosen = {kind: (REMOTE,) if kind == "tts" else REMOTE for kind in shared_kinds(settings)}
        options[REMOTE] = RemoteOptions(urls=(shared.engines,))
    if shared.model:
        chosen["llm"] = ATTACHED
        options[engine_registry.section("llm", ATTACHED)] = shared.model[worker]
    engines = msgspec.structs.replace(settings.engines, options=options, **chosen)
    return msgspec.structs.replace(settings, engines=engines)


def _names(settings: Settings) -> dict[ServedKind, list[str]]:
    names: dict[ServedKind, list[str]] = {kind: [] for kind in get_args(ServedKind)}
    for kind, name in settings.engines.chosen:
        if kind in names:
            names[kind].append(name)
    return names


@asynccontextmanager
async def shared_engines(settings: Settings) -> AsyncIterator[Shared]:
    """Run the process while the block runs, and a new one when it ends. Raises WorkerFailed if it cannot start."""
    kinds, needs_model = shared_kinds(settings), shares_model(settings)
    if not kinds and not needs_model:
        yield NOTHING
        return
    with tempfile.TemporaryDirectory(prefix="kouyu-") as folder:  # for this user alone
        path = Path(folder) / "engines.sock"
        serves = {"serves": kinds} if kinds else {}
        server = msgspec.structs.replace(settings.engine_server, unix=str(path), drain_s=_STOP_S, **serves)
        process = _EngineProcess(msgspec.structs.replace(settings, engine_server=server), kinds, needs_model)
        async with in_background(process.keep(), "engines"):
            model = await process.first_start()
            yield Shared(f"{UNIX}{path}" if kinds else "", model)


class _EngineProcess:
    def __init__(self, settings: Settings, kinds: tuple[ServedKind, ...], needs_model: bool) -> None:
        self._settings = settings
        self._kinds = kinds
        self._needs_model = needs_model
        self._model: tuple[Attachment, ...] = ()
        self._started: asyncio.Future[tuple[Attachment, ...]] = asyncio.get_running_loop().create_future()

    async def first_start(self) -> tuple[Attachment, ...]:
        """Wait until everything is loaded; return the slots of the language model. Raises WorkerFailed."""
        return await self._started

    async def keep(self) -> None:
        """Run a process, and a new one when it ends, until cancelled or the first one fails."""
        pauses = Pauses()
        while True:
            pauses.begin()
            said = await self._live_once()
            if not self._started.done():
                self._started.set_exception(WorkerFailed(said))
                return
            pause_s = pauses.after_end()
            log.error("the process of the engines has ended: %s; it is started again in %.1f s", said, pause_s)
            await asyncio.sleep(pause_s)

    async def _live_once(self) -> str:
        """Run one process; return how it ended."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", CHILD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the parent
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            again = self._model[0] if self._model else None
            process.stdin.write(pickle.dumps((self._settings, self._kinds, self._needs_model, again)))
            line = await process.stdout.readline()
            told = msgspec.json.decode(line, type=_Told) if line else _Told()
            if line and not told.failed and not self._started.done():
                self._model = told.model
                self._started.set_result(told.model)
            return told.failed or f"it {how(await process.wait())}"
        finally:
            process.stdin.close()  # it ends then, after the work in progress
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_S + 1):
                    await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()
