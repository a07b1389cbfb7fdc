"""Keeps the language model's process running: starts it, replaces it when it dies or hangs, ends it.

llama.cpp's server runs in a child process, so that neither its crash nor its CPU load touches the voice server.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import msgspec

from kouyu.agents.agent import AgentError
from kouyu.agents.embedded import child
from kouyu.agents.embedded.child import ProcessOptions, Ready
from kouyu.workers.child_program import child_program

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 30.0
"""Longest pause between two starts of a model that never became ready."""
_LONGEST_PAUSE_AFTER_LIFE_S: Final = 1.0
"""Longest pause after the death of a model that was ready: turns wait for the next start, about a second."""
_STABLE_AFTER_S: Final = 60.0
_LAST_REQUEST_S: Final = 1.0
"""Time for a process that gave an empty heartbeat answer to exit, since it may be dying."""


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """How long the process may take."""

    start_timeout_s: float = 20.0
    heartbeat_s: float = 2.0
    """Pause between two heartbeats."""
    heartbeat_limit_s: float = 5.0
    """A process that answers no heartbeat for so long is considered hung and replaced. Together with a restart this is
    below a turn's time limits."""


class Supervisor:
    """Owns the process. It dies with this one."""

    def __init__(self, watch: Watch, *, when_started: Callable[[], Awaitable[None]]) -> None:
        """``when_started`` is awaited after each start, before the process counts as ready."""
        self._limits = watch
        self._when_started = when_started
        self.api_key = secrets.token_urlsafe(32)
        self.port = 0
        """0 before the first start; then it stays the same when the process is replaced."""
        self._process: asyncio.subprocess.Process | None = None
        self._was_ready = False
        """Whether the current, or last, process became ready."""
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._http = httpx.AsyncClient(
            timeout=watch.start_timeout_s, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def start(self, options: ProcessOptions) -> None:
        """Start the process; return when it can answer, commonly within a second. Port and key of the options are
        replaced. Raises AgentError if it cannot start."""
        self._task = asyncio.create_task(self._supervise(options), name="embedded-model")
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait({ready, self._task}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                await self._task
        finally:
            ready.cancel()

    @property
    def process_id(self) -> int | None:
        """The id of the process; None while there is none."""
        return self._process.pid if self._process is not None else None

    async def ready(self) -> None:
        """Wait until the process can answer; returns at once unless it has just died."""
        await self._ready.wait()

    async def post(self, path: str, body: dict[str, Any], *, timeout_s: float | None = None) -> bytes:
        """POST to the server and return the answer's body. ``timeout_s``: that of the start by default. Raises
        httpx.HTTPError."""
        url = f"http://127.0.0.1:{self.port}{path}"
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = await self._http.post(
            url, json=body, headers=headers, timeout=timeout_s or self._limits.start_timeout_s
        )
        return answer.raise_for_status().content

    async def close(self) -> None:
        """End the process."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._http.aclose()

    async def _supervise(self, options: ProcessOptions) -> None:
        """Keep a process running. Raises AgentError only if the first one fails to start."""
        clock = asyncio.get_running_loop().time
        pause = _FIRST_PAUSE_S
        while True:
            began = clock()
            try:
                await self._live_once(options)
            except AgentError as error:
                if not self.port:
                    raise
                log.warning("%s", error)
            pause = _FIRST_PAUSE_S if clock() - began > _STABLE_AFTER_S else min(2 * pause, _LONGEST_PAUSE_S)
            await asyncio.sleep(min(pause, _LONGEST_PAUSE_AFTER_LIFE_S) if self._was_ready else pause)

    async def _live_once(self, options: ProcessOptions) -> None:
        """Run one process from start to death. Raises AgentError, which says how it died."""
        self._was_ready = False
        try:
            async with child_program(child.__name__, _log_line) as (process, last_lines):
                async with asyncio.timeout(self._limits.start_timeout_s):
                    port = await self._started(process, options)
                if port is not None:
                    if self.port:
                        log.info("The embedded language model is ready again.")
                    self.port = port
                    await self._when_started()
                    self._process = process
                    self._was_ready = True
                    self._ready.set()
                    await self._watch(process, port)
                code = await process.wait()
                raise AgentError(f"The embedded language model ended with status {code}. {await last_lines}".strip())
        except TimeoutError as fault:
            raise AgentError("The embedded language model did not start in time.") from fault
        except (OSError, httpx.HTTPError, msgspec.DecodeError) as fault:
            raise AgentError(f"The embedded language model did not start: {fault}") from fault
        finally:
            self._ready.clear()
            self._process = None

    async def _watch(self, process: asyncio.subprocess.Process, port: int) -> None:
        """Send heartbeats until the process is dead. Raises AgentError if it hangs and has to be killed."""
        death = asyncio.create_task(process.wait())
        try:
            while not (await asyncio.wait({death}, timeout=self._limits.heartbeat_s))[0]:
                if not await self._is_alive(port) and not (await asyncio.wait({death}, timeout=_LAST_REQUEST_S))[0]:
                    limit_s = self._limits.heartbeat_limit_s
                    raise AgentError(f"The embedded language model hangs: no heartbeat for {limit_s:g} s.")
        finally:
            death.cancel()

    async def _is_alive(self, port: int) -> bool:
        try:
            url = f"http://127.0.0.1:{port}/health"
            answer = await self._http.get(url, timeout=self._limits.heartbeat_limit_s)
        except httpx.HTTPError:
            return False
        return answer.is_success

    async def _started(self, process: asyncio.subprocess.Process, options: ProcessOptions) -> int | None:
        """Send the process its options and wait until it is ready. Return its port, or None if it ended first."""
        assert process.stdin is not None
        assert process.stdout is not None
        told = msgspec.structs.replace(options, port=self.port, api_key=self.api_key)
        process.stdin.write(msgspec.json.encode(told) + b"\n")
        line = await process.stdout.readline()
        if not line:
            return None
        port = msgspec.json.decode(line, type=Ready).port
        (await self._http.get(f"http://127.0.0.1:{port}/health")).raise_for_status()
        return port


def _log_line(line: str) -> None:
    log.debug("embedded language model: %s", line)
