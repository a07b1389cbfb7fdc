"""Owns the running sessions: limits their number, and ends them all when the server stops."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

from kouyu.metrics.readings import Refused
from kouyu.server.siblings.siblings import Siblings
from kouyu.serving.overload import Overload
from kouyu.serving.socket import Socket

GOING_AWAY: Final = 1001
"""The WebSocket close code of a server that stops."""
FULL: Final = "the server is full; try again later"
OVERLOADED: Final = "the server has as much to do as it can answer in time; try again in a moment"
STOPPING: Final = "the server is stopping and begins no new conversation; try again in a moment"

TRY_AGAIN_S: Final = 5
"""``Retry-After`` of a server that begins nothing new now, in seconds."""

_SAID: Final[dict[Refused, str]] = {"full": FULL, "overloaded": OVERLOADED, "stopping": STOPPING}


class ServerFull(Exception):
    """No further session may begin. The text says why."""


class Sessions:
    """Owns the task of each running session; refuses more than ``limit`` in all processes of the server together, and
    what ``overload`` refuses."""

    def __init__(self, limit: int, overload: Overload | None = None, *, siblings: Siblings | None = None) -> None:
        self.limit = limit
        self.overload = overload or Overload()
        self._siblings = siblings or Siblings()
        self._tasks: dict[Socket, asyncio.Task[None]] = {}
        self._stopping = False
        self._closed: set[Socket] = set()
        self._ended = 0
        self.refused: Counter[Refused] = Counter()
        """Clients turned away because no further session may begin, by reason."""

    @property
    def stopping(self) -> bool:
        """Whether the server is stopping, so that no session may begin."""
        return self._stopping

    @property
    def ended(self) -> int:
        """Sessions that have run to their end."""
        return self._ended

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """The tasks of the sessions that run now."""
        return set(self._tasks.values())

    @property
    def running(self) -> int:
        """Sessions that run now in this process."""
        return len(self._tasks)

    @property
    def in_all(self) -> int:
        """Sessions that run now in all processes of the server."""
        return self.running + self._siblings.running_elsewhere("sessions")

    def refusal(self, *, is_returning: bool = False) -> str:
        """Why no session may begin now, in words for the client, who is counted as refused; "" if one may.

        ``is_returning``: the client lost its connection and dials again, so its conversation is none more.
        """
        reason = self._refused()
        if reason is None or (reason == "overloaded" and is_returning):
            return ""
        self.refused[reason] += 1
        return _SAID[reason]

    def _refused(self) -> Refused | None:
        if self._stopping:
            return "stopping"
        if self.in_all >= self.limit:
            return "full"
        return "overloaded" if self.overload.refuses(self.running) else None

    async def run(self, socket: Socket, session: Coroutine[Any, Any, None], *, is_returning: bool = False) -> None:
        """Run ``session``, which talks over ``socket``, to its end and raise what it raises.

        ``is_returning``: see ``refusal``. Raises ServerFull, the session not begun, when none may begin. A session that
        is cut off by ``end`` returns.
        """
        if refusal := self.refusal(is_returning=is_returning):
            session.close()
            raise ServerFull(refusal)
        self.overload.began()
        task = asyncio.create_task(session, name="session")
        self._tasks[socket] = task
        self._siblings.note("sessions", self.running)
        # The first callback: whoever waits for the task no longer finds it among those that run.
        task.add_done_callback(lambda _: self._has_ended(socket))
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.result()

    def _has_ended(self, socket: Socket) -> None:
        del self._tasks[socket]
        self._siblings.note("sessions", self.running)
        self._closed.discard(socket)
        self._ended += 1

    def refuse_new(self) -> None:
        """From now on let no session begin."""
        self._stopping = True

    async def close_those_without(self, turn: Callable[[Socket], bool], close_s: float) -> None:
        """Close with 1001 the sockets for which ``turn`` is false, each once. See ``end`` for ``close_s``."""
        await self._close([socket for socket in self._tasks if not turn(socket)], close_s)

    async def _close(self, sockets: Iterable[Socket], close_s: float) -> None:
        chosen = set(sockets) - self._closed
        self._closed |= chosen
        closing = {asyncio.create_task(socket.close(GOING_AWAY, "the server stops")) for socket in chosen}
        if closing:
            _, unheard = await asyncio.wait(closing, timeout=close_s)
            for close in unheard:
                close.cancel()
            await asyncio.gather(*closing, return_exceptions=True)

    async def end(self, close_s: float, drain_s: float) -> None:
        """Refuse new sessions, close every socket with 1001 and wait for the sessions to end.

        A client that does not read the close frame within ``close_s`` seconds gets none; sessions that have not
        ended ``drain_s`` seconds later are cancelled, and awaited.
        """
        self.refuse_new()
        await self._close(self._tasks, close_s)
        tasks = set(self._tasks.values())
        if tasks:
            _, stuck = await asyncio.wait(tasks, timeout=drain_s)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
