"""Which section of a conversation is current, told to the sessions that are part of it."""

from collections.abc import Callable

OnSectionBegan = Callable[[str, str], None]
"""Told the ids of a conversation and of its new section."""


class Sections:
    """A conversation may be open in several places at once; a section that one of them begins holds in all."""

    def __init__(self) -> None:
        self._watchers: list[OnSectionBegan] = []

    def watch(self, watcher: OnSectionBegan) -> None:
        """Tell ``watcher`` of every section that begins, in whatever conversation, until ``unwatch``."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: OnSectionBegan) -> None:
        """Tell it no more."""
        self._watchers.remove(watcher)

    def begin(self, conversation_id: str, section_id: str) -> None:
        """The section has begun, and is on disk."""
        for watcher in tuple(self._watchers):
            watcher(conversation_id, section_id)
