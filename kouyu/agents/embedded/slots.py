"""Which conversation has which of the slots of llama.cpp's server: places in the KV cache, each for one prompt."""

from collections import OrderedDict


class ConversationSlots:
    """Gives each conversation a slot of its own; when all are taken, the one that was used longest ago.

    Left to itself, the server takes the slot with the most similar prompt. All conversations begin alike, so that a new
    one takes another's slot, whose whole history is then prefilled again.
    """

    def __init__(self, count: int) -> None:
        """``count``: the server's slots."""
        self._conversations: OrderedDict[int, str] = OrderedDict((slot, "") for slot in range(count))
        """The conversation of each slot, or ""; the slot that was used longest ago is first."""
        self._slots: dict[str, int] = {}

    def take(self, conversation_id: str) -> tuple[int, bool]:
        """Return the conversation's slot, and whether it had none before."""
        slot = self._slots.get(conversation_id)
        is_new = slot is None
        if slot is None:
            slot, former = next(iter(self._conversations.items()))
            self._slots.pop(former, None)
            self._slots[conversation_id] = slot
            self._conversations[slot] = conversation_id
        self._conversations.move_to_end(slot)
        return slot, is_new
