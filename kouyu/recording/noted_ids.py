"""Notes the ids that a conversation core draws, which a replay gives it again."""

from collections.abc import Sequence

from kouyu.domain.ids import IdFactory


class NotedIds(IdFactory):
    """Makes ids with another factory, and notes them."""

    def __init__(self, ids: IdFactory) -> None:
        super().__init__()
        self._ids = ids
        self._noted: list[str] = []

    def next_id(self) -> str:
        """A new id."""
        made = self._ids.next_id()
        self._noted.append(made)
        return made

    def taken(self) -> Sequence[str]:
        """The ids since the last call."""
        if not self._noted:
            return ()
        noted, self._noted = self._noted, []
        return noted
