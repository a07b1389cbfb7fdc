"""Notifies sessions when a new section of their conversation begins."""

from collections.abc import Callable

OnSectionBegan = Callable[[str, str], None]
"""Called with the ids of a conversation and of its new section."""


class Sections:
    """Publishes new sections: a conversation may be open in several sessions, and a new section applies to all."""

    def __init__(self) -> None:
        self._watchers: list[OnSectionBegan] = []

    def watch(self, watcher: OnSectionBegan) -> None:
        """Call ``watcher`` for every new section of any conversation, until ``unwatch``."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: OnSectionBegan) -> None:
        """Unsubscribe ``watcher``."""
        self._watchers.remove(watcher)

    def begin(self, conversation_id: str, section_id: str) -> None:
        """Notify the watchers of a new section, which is on disk already."""
        for watcher in tuple(self._watchers):
            watcher(conversation_id, section_id)
