"""The ids, times and names of one connection."""

from copy import copy

from kouyu.domain.ids import IdFactory


class Identity:
    """The user, conversation and section of a connection, and a source of new ids."""

    def __init__(self, *, ids: IdFactory, bot_id: str, epoch: float) -> None:
        """``epoch`` is the Unix time, in seconds, at which the conversation's clock shows 0."""
        self._ids = ids
        self._epoch = epoch
        self.bot_id = bot_id
        self.conversation_id = self.section_id = ids.next_id()

    def new_id(self) -> str:
        """The id of a new chat or message."""
        return self._ids.next_id()

    def unix_seconds(self, now: float) -> int:
        """``now`` as Unix time in whole seconds, as the protocol writes times."""
        return int(self._epoch + now)

    def as_it_is(self) -> "Identity":
        """A copy that keeps this conversation and section when the original changes."""
        return copy(self)

    def open(self, conversation_id: str, section_id: str) -> None:
        """Switch to an existing conversation."""
        self.conversation_id, self.section_id = conversation_id, section_id

    def new_conversation(self) -> None:
        """Begin a new conversation with new ids."""
        self.conversation_id = self.section_id = self._ids.next_id()

    def new_section(self) -> None:
        """Begin a new section in the same conversation (StartSection)."""
        self.section_id = self._ids.next_id()
