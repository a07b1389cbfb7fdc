"""The process of the engines and of the language model that all workers share, as the parent process sees it: starts
it, and starts it again when it has ended."""

import asyncio
import contextlib
import logging
import pickle
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import msgspec

from kouyu.agents.embedded.attached import Attachment
from kouyu.diagnostics.child_processes import ProcessUse, children_of, use_of
from kouyu.engines.remote.options import UNIX
from kouyu.metrics.snapshot import Snapshot, joined, parsed
from kouyu.server.process.workers.restarts import Restarts, WorkerFailed, how
from kouyu.server.process.workers.shared_engines import Shared, shared_kinds, shares_model
from kouyu.server.siblings.processes import Work
from kouyu.serving.background import in_background
from kouyu.settings import Settings
from kouyu.settings.engine_server import ServedKind

log = logging.getLogger(__name__)

CHILD: Final = "kouyu.engine_server.child"
"""The module that the process runs."""
_STOP_S: Final = 3.0
_METRICS_S: Final = 1.0
"""How long its metrics are waited for. Then those read before count."""
_METRICS: Final = "kouyu_engine_"
"""How the names of its metrics begin that are added to the server's. The others are of any process."""


class _Told(msgspec.Struct, frozen=True):
    """As the child has it."""

    model: tuple[Attachment, ...] = ()
    failed: str = ""


@asynccontextmanager
async def engines_process(settings: Settings) -> AsyncIterator["EnginesProcess | None"]:
    """Run the process while the block runs, and a new one when it ends; None if there is nothing to share.

    Raises WorkerFailed if it cannot start.
    """
    kinds, needs_model = shared_kinds(settings), shares_model(settings)
    if not kinds and not needs_model:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="kouyu-") as folder:  # for this user alone
        path = Path(folder) / "engines.sock"
        serves = {"serves": kinds} if kinds else {}
        # Nobody else reaches the socket, so no token is needed; the settings' own is for `kouyu engines`.
        server = msgspec.structs.replace(
            settings.engine_server, unix=str(path), drain_s=_STOP_S, token="", token_env="", **serves
        )
        process = EnginesProcess(msgspec.structs.replace(settings, engine_server=server), kinds, needs_model)
        async with contextlib.aclosing(process), in_background(process.keep(), "engines"):
            await process.first_start()
            yield process


class EnginesProcess:
    """Keeps one process running."""

    def __init__(self, settings: Settings, kinds: tuple[ServedKind, ...], needs_model: bool) -> None:
        self._settings = settings
        self._kinds = kinds
        self._needs_model = needs_model
        self._socket = settings.engine_server.unix
        self._model: tuple[Attachment, ...] = ()
        self._started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._http = httpx.AsyncClient(
            base_url="http://engines", transport=httpx.AsyncHTTPTransport(uds=self._socket), timeout=_METRICS_S
        )
        self.restarts = Restarts()
        self.process_id: int | None = None
        """Of the running process; None while there is none."""
        self.changed: Callable[[bool], None] = lambda is_down: None
        """Called with whether it is down, whenever that changes."""
        self._last, self._past = Snapshot(), Snapshot()

    @property
    def shared(self) -> Shared:
        """Where the workers find it."""
        return Shared(f"{UNIX}{self._socket}" if self._kinds else "", self._model)

    async def aclose(self) -> None:
        """Close the connection to it."""
        await self._http.aclose()

    async def first_start(self) -> None:
        """Wait until everything is loaded. Raises WorkerFailed."""
        await self._started

    async def metrics(self) -> tuple[Snapshot, Snapshot]:
        """Its metrics, and those of the processes before it."""
        if self._kinds and self.restarts.state == "running":
            try:
                answer = (await self._http.get("/metrics")).raise_for_status()
                self._last = parsed(answer.text, _METRICS)
            except httpx.HTTPError as fault:
                log.debug("the metrics of the engines were not read: %r", fault)
        return self._last, self._past

    async def work(self) -> Work | None:
        """What its threads do; None if it has none, or does not run."""
        if not self._kinds or self.restarts.state != "running":
            return None
        value = (await self.metrics())[0].value
        return Work(
            int(value("kouyu_engine_workers")),
            int(value("kouyu_engine_jobs_waiting")),
            int(value("kouyu_engine_jobs_running")),
            round(1000 * value("kouyu_engine_oldest_wait_seconds"), 1),
        )

    def uses(self) -> dict[str, ProcessUse]:
        """What it and the language model's process use, by the names that ``/metrics`` has for them."""
        if self.process_id is None:
            return {}
        models = [use for child in children_of(self.process_id) if (use := use_of(child)) is not None]
        own = use_of(self.process_id)
        uses = {"engines": own} if own is not None else {}
        if models:
            uses["language_model"] = ProcessUse(
                sum(use.processor_s for use in models), sum(use.resident_bytes for use in models)
            )
        return uses

    async def keep(self) -> None:
        """Run a process, and a new one when it ends, until cancelled or the first one fails."""
        while True:
            self.restarts.begin()
            said = await self._live_once()
            if not self._started.done():
                self._started.set_exception(WorkerFailed(said))
                return
            pause_s = self.restarts.after_end(said)
            text = "the process of the engines has ended: %s; it is started again in %.1f s; turns fail until then%s"
            log.error(text, said, pause_s, self.restarts.advice)
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
        self.process_id = process.pid
        try:
            again = self._model[0] if self._model else None
            process.stdin.write(pickle.dumps((self._settings, self._kinds, self._needs_model, again)))
            line = await process.stdout.readline()
            told = msgspec.json.decode(line, type=_Told) if line else _Told()
            if line and not told.failed:
                self._is_ready(told.model)
            return told.failed or f"it {how(await process.wait())}"
        finally:
            self._has_ended()
            process.stdin.close()  # it ends then, after the work in progress
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_S + 1):
                    await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _is_ready(self, model: tuple[Attachment, ...]) -> None:
        self.restarts.running()
        if self._started.done():
            log.info("the process of the engines is ready again")
        else:
            self._model = model
            self._started.set_result(None)
        self.changed(False)

    def _has_ended(self) -> None:
        self.process_id = None
        self._past, self._last = joined((), ended=(self._past, self._last)), Snapshot()
        self.changed(True)
