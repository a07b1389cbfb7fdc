"""A language model that another process of this server runs: this one asks it, and has some of its slots."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from kouyu.agents.agent import AgentError
from kouyu.agents.embedded.child import ProcessOptions
from kouyu.agents.embedded.tiers import ModelFile, TierName, file_of_user, tier

log = logging.getLogger(__name__)

_LOOKED_EVERY_S: Final = 2.0
_AGAIN_S: Final = 0.2
_HEARTBEAT_S: Final = 5.0
_START_S: Final = 20.0


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """Where the model is, and which of its slots are this process's."""

    port: int = 0
    api_key: str = ""
    tier: TierName | None = None
    """Of kouyu's models; None for ``file``."""
    file: str = ""
    reason: str = ""
    first_slot: int = 0
    slots: int = 1


def file_of(attachment: Attachment) -> ModelFile:
    """The model that runs."""
    return tier(attachment.tier).model_file() if attachment.tier else file_of_user(Path(attachment.file))


class AttachedProcess:
    """The model's process as one sees it that does not run it. Has the interface of ``Supervisor``."""

    def __init__(self, attachment: Attachment, *, when_started: Callable[[], Awaitable[None]]) -> None:
        """``when_started`` is awaited after each start of the process."""
        self.port = attachment.port
        self.api_key = attachment.api_key
        self._when_started = when_started
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._http = httpx.AsyncClient(
            timeout=_START_S, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    @property
    def process_id(self) -> int | None:
        """None: it is another process's."""
        return None

    async def start(self, options: ProcessOptions) -> None:
        """Wait until the process answers. ``options`` are those of who runs it. Raises AgentError."""
        try:
            async with asyncio.timeout(_START_S):
                await self._until_alive()
        except TimeoutError as fault:
            raise AgentError("The language model that the worker processes share does not answer.") from fault
        self._task = asyncio.create_task(self._watch(), name="attached-model")

    async def ready(self) -> None:
        """Wait until the process can answer."""
        await self._ready.wait()

    async def post(self, path: str, body: dict[str, Any], *, timeout_s: float | None = None) -> bytes:
        """As ``Supervisor.post``."""
        answer = await self._http.post(
            f"http://127.0.0.1:{self.port}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.api_key}"},
            timeout=timeout_s or _START_S,
        )
        return answer.raise_for_status().content

    async def close(self) -> None:
        """Stop asking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._http.aclose()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOKED_EVERY_S)
            if not await self._is_alive():
                self._ready.clear()
                log.warning("The language model that the worker processes share does not answer.")
                await self._until_alive()

    async def _until_alive(self) -> None:
        while not await self._is_alive():  # noqa: ASYNC110 - another process
            await asyncio.sleep(_AGAIN_S)
        try:
            await self._when_started()
        except httpx.HTTPError as fault:
            log.warning("The slots of the shared language model could not be loaded: %r", fault)
        self._ready.set()

    async def _is_alive(self) -> bool:
        try:
            answer = await self._http.get(f"http://127.0.0.1:{self.port}/health", timeout=_HEARTBEAT_S)
        except httpx.HTTPError:
            return False
        return answer.is_success
