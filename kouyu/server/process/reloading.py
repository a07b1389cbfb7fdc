"""Reads the settings anew on SIGHUP. A terminal that is closed sends the same signal, and then means: stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import msgspec

from kouyu.agents.agent import AgentError
from kouyu.assembly.agents import Close
from kouyu.assembly.runtime import Runtime
from kouyu.engines.errors import EngineError
from kouyu.server.access.sessions import Sessions
from kouyu.server.kouyu_api.status import ServerState
from kouyu.server.process.terminal import has_terminal
from kouyu.server.sockets.chat import AnswererIds
from kouyu.settings import Settings, SettingsError
from kouyu.settings.reloading import differences, with_changes
from kouyu.store.audit import Actor, Audit
from kouyu.store.errors import StoreError
from kouyu.weights.errors import WeightsError

log = logging.getLogger(__name__)

_NOT_MET: Final = (AgentError, EngineError, SettingsError, StoreError, WeightsError)
_SIGNAL: Final = Actor("SIGHUP")


class Reloading:
    """Puts changed settings into force.

    ``read`` reads them; it blocks. ``follow`` puts them into force, and returns what closes what they replaced. Both
    may raise errors that the operator can mend. ``in_use`` returns the tasks that may use what is replaced now.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        read: Callable[[], Settings],
        follow: Callable[[Settings], Awaitable[Close]],
        in_use: Callable[[], set[asyncio.Task[None]]],
        audit: Audit | None = None,
        ended: Callable[[str], None] = lambda refused: None,
    ) -> None:
        """``ended`` is called after each attempt, with why nothing changed, or "" if the settings are in force."""
        self.settings = settings
        """Those in force."""
        self._read = read
        self._follow = follow
        self._in_use = in_use
        self._audit = audit
        self._ended = ended

    @asynccontextmanager
    async def on(self, asked: asyncio.Event) -> AsyncIterator[None]:
        """While the block runs, read the settings anew whenever ``asked`` is set."""
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._run(asked, tasks), name="settings")]
            try:
                yield
            finally:
                for task in running:
                    task.cancel()

    async def _run(self, asked: asyncio.Event, tasks: asyncio.TaskGroup) -> None:
        closing: set[asyncio.Task[None]] = set()
        try:
            while True:
                await asked.wait()
                asked.clear()
                if (close := await self.reload()) is not None:
                    task = tasks.create_task(_close_after(self._in_use(), close))
                    closing.add(task)
                    task.add_done_callback(closing.discard)
        finally:
            for task in closing:
                task.cancel()

    async def reload(self) -> Close | None:
        """Read the settings, and put into force what may change. Logs what changed, what takes effect after a restart
        only, or why nothing changed. Returns what closes what was replaced; None if nothing was."""
        try:
            read = await asyncio.to_thread(self._read)
            changed = with_changes(self.settings, read)
            names = differences(self.settings, changed)
            close = await self._follow(changed) if names else None
        except _NOT_MET as fault:
            for problem in str(fault).splitlines():
                log.error("the settings were not read anew, and stay as they were: %s", problem)
            self._ended(str(fault))
            return None
        except Exception:  # the boundary to what the operator wrote: the server goes on with what it has
            log.exception("the settings were not read anew, and stay as they were")
            self._ended("an error of the server: see its log")
            return None
        fixed = differences(changed, read)
        self.settings = changed
        log.info("the settings were read anew; changed: %s", ", ".join(names) or "nothing")
        if fixed:
            log.warning("these settings take effect when the server is started again: %s", ", ".join(fixed))
        if names:
            await self._note(names)
        self._ended("")
        return close

    async def _note(self, names: list[str]) -> None:
        """Add what changed to the audit log. It is in force already, so a database that fails changes nothing of it."""
        if self._audit is None:
            return
        try:
            await self._audit.note(_SIGNAL, "settings.reloaded", "", detail=", ".join(names))
        except StoreError as fault:
            log.error("the audit log does not have that the settings were read anew: %s", fault)


class Rereading(msgspec.Struct, frozen=True):
    """How the settings are read anew."""

    read: Callable[[], Settings]
    """Reads them; blocks. May raise SettingsError."""
    took_effect: Callable[[Settings], None]
    """Called with those that were put into force."""
    ended: Callable[[str], None] = lambda refused: None
    """See Reloading."""


def reloading_server(
    settings: Settings,
    given: Rereading | None,
    opened: Runtime,
    sessions: Sessions,
    answerer_ids: AnswererIds,
    state: ServerState,
    audit: Audit | None,
) -> Reloading:
    """The Reloading of a server: tells also those parts that its runtime does not reach."""
    how = given or Rereading(lambda: settings, lambda changed: None)

    async def follow(changed: Settings) -> Close:
        close = await opened.follow(changed) if opened.follow is not None else nothing_to_close
        sessions.limit = changed.server.max_sessions
        answerer_ids.default_bot = changed.bot_ids[0]
        state.keep_audio = changed.audio.bounds if changed.audio.keep else None
        how.took_effect(changed)
        return close

    def in_use() -> set[asyncio.Task[None]]:
        return sessions.tasks | (opened.chats.tasks if opened.chats is not None else set())

    return Reloading(settings, read=how.read, follow=follow, in_use=in_use, audit=audit, ended=how.ended)


async def nothing_to_close() -> None:
    """For a runtime that replaces nothing."""


async def _close_after(in_use: set[asyncio.Task[None]], close: Close) -> None:
    if in_use:
        await asyncio.wait(in_use)
    await close()


@contextmanager
def hangups(stop: Callable[[], None]) -> Iterator[asyncio.Event]:
    """While the block runs, SIGHUP sets the event; where it says that the terminal was closed, it calls ``stop``."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    had_terminal = has_terminal()

    def signalled() -> None:
        if had_terminal and not has_terminal():
            stop()
        else:
            asked.set()

    loop.add_signal_handler(signal.SIGHUP, signalled)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the process ends, and is not to be killed while it does
