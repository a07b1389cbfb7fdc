"""Owns the running sessions: limits their number, and ends them all when the server stops."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from kouyu.serving.socket import Socket

GOING_AWAY = 1001
"""The WebSocket close code of a server that stops."""


class ServerFull(Exception):
    """As many sessions as the settings allow are running."""


class Sessions:
    """Owns the task of each running session; refuses more than ``limit``."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._tasks: dict[Socket, asyncio.Task[None]] = {}
        self._stopping = False
        self._ended = 0

    @property
    def ended(self) -> int:
        """Sessions that have run to their end."""
        return self._ended

    @property
    def running(self) -> int:
        """Sessions that run now."""
        return len(self._tasks)

    @property
    def full(self) -> bool:
        """True when ``run`` would refuse."""
        return self._stopping or self.running >= self.limit

    async def run(self, socket: Socket, session: Coroutine[Any, Any, None]) -> None:
        """Run ``session``, which talks over ``socket``, to its end and raise what it raises.

        Raises ServerFull, the session not begun, when there is no place. A session that is cut off by ``end`` returns.
        """
        if self.full:
            session.close()
            raise ServerFull
        task = asyncio.create_task(session, name="session")
        self._tasks[socket] = task
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            await asyncio.wait({task})
            del self._tasks[socket]
            self._ended += 1
        if not task.cancelled():
            task.result()

    async def end(self, close_s: float, drain_s: float) -> None:
        """Refuse new sessions, close every socket with 1001 and wait for the sessions to end.

        A client that does not read the close frame within ``close_s`` seconds gets none; sessions that have not
        ended ``drain_s`` seconds later are cancelled, and awaited.
        """
        self._stopping = True
        closing = {asyncio.create_task(socket.close(GOING_AWAY, "the server stops")) for socket in self._tasks}
        if closing:
            _, unheard = await asyncio.wait(closing, timeout=close_s)
            for close in unheard:
                close.cancel()
            await asyncio.gather(*closing, return_exceptions=True)
        tasks = set(self._tasks.values())
        if tasks:
            _, stuck = await asyncio.wait(tasks, timeout=drain_s)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
