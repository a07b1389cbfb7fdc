"""Registry of live sessions and of their watchers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from kouyu.conversation.conversation import Conversation
from kouyu.diagnostics.facts.record import TurnRecord
from kouyu.diagnostics.facts.session import SessionSeen
from kouyu.diagnostics.live_session import LiveSession, OpenedBy
from kouyu.diagnostics.watcher import Wanted, Watcher
from kouyu.diagnostics.wire_tap import Tapped

MOST_WATCHERS: Final = 50


class TooManyWatchers(Exception):
    """There are MOST_WATCHERS watchers already."""


class WatcherHub:
    """All live sessions of a server."""

    def __init__(self, *, always: bool = False, turn_ended: Callable[[TurnRecord], None] | None = None) -> None:
        """``turn_ended`` gets each turn of every session when it is finished; each session is then observed."""
        self._turn_ended = turn_ended
        self.always = always
        """Whether each session is observed from its beginning, watched or not. May be changed at any time."""
        self._sessions: dict[str, LiveSession] = {}
        self._watchers: list[Watcher] = []

    @property
    def _observes_all(self) -> bool:
        return self.always or self._turn_ended is not None

    @property
    def watchers(self) -> int:
        """Number of watchers."""
        return len(self._watchers)

    def sessions(self, wanted: Wanted) -> list[LiveSession]:
        """The live sessions that match ``wanted``, oldest first."""
        return [session for session in self._sessions.values() if session.meets(wanted)]

    def conversation_ids(self) -> list[str]:
        """The conversations of all live sessions."""
        return [session.about.conversation_id for session in self._sessions.values()]

    @contextmanager
    def session(
        self,
        about: SessionSeen,
        *,
        opened_by: OpenedBy,
        conversation: Conversation,
        clock: Callable[[], float],
        wire: Tapped | None = None,
    ) -> Iterator[LiveSession]:
        """Register a session while the block runs. See LiveSession."""
        live = LiveSession(
            about,
            opened_by=opened_by,
            conversation=conversation,
            clock=clock,
            wire=wire,
            turn_ended=self._turn_ended,
        )
        self._sessions[about.log_id] = live
        if self._observes_all:
            live.begin()
        for watcher in self._watchers:
            if live.meets(watcher.wanted):
                live.watched_by(watcher)
        try:
            yield live
        finally:
            live.ended()
            del self._sessions[about.log_id]

    def changed(self, live: LiveSession) -> None:
        """Match the session against all watchers again, because its user has changed."""
        for watcher in self._watchers:
            sees = live.meets(watcher.wanted)
            if sees and not live.is_watched_by(watcher):
                live.watched_by(watcher)
            elif not sees:
                live.left_by(watcher)
        self._let_rest(live)

    @contextmanager
    def watch(self, wanted: Wanted) -> Iterator[Watcher]:
        """Watch while the block runs. Raises TooManyWatchers."""
        if len(self._watchers) >= MOST_WATCHERS:
            raise TooManyWatchers
        watcher = Watcher(wanted)
        self._watchers.append(watcher)
        for live in self.sessions(wanted):
            live.watched_by(watcher)
        try:
            yield watcher
        finally:
            self._watchers.remove(watcher)
            for live in self._sessions.values():
                live.left_by(watcher)
                self._let_rest(live)

    def _let_rest(self, live: LiveSession) -> None:
        if not self._observes_all:
            live.rest()
