"""The items of one session in their order, with the messages of the conversation core that they stand for."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from kouyu.domain.ids import NO_ID
from kouyu.protocol.openai.faults import RefusedEvent
from kouyu.protocol.openai.items import Item, Part

MOST_ITEMS: Final = 4_096
"""Items that are remembered; of a longer conversation, the oldest can be neither retrieved nor named any more."""
MOST_CHARACTERS: Final = 4 * 1024 * 1024
"""Characters in the items that are remembered, likewise."""
ROOT: Final = "root"
_NO_FILES: Final[Mapping[int, str]] = {}


@dataclass(slots=True)
class KnownItem:
    """An item, and the id of its message in the core; NO_ID: none, or not known yet. ``files`` are the uploads that
    hold the pictures of some of its parts, by the indexes of these. ``offset_ms`` is the length of the message's audio
    before the item's: an answer that goes on after the client's tools have run has one item before them and one behind
    them. ``is_shown``: the client has been told that it was added."""

    item: Item
    is_shown: bool
    message_id: str = NO_ID
    offset_ms: float = 0.0
    files: Mapping[int, str] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Characters of the texts in it."""
        texts = (self.item.arguments, self.item.output, *(part.words for part in self.item.parts))
        images = (part.image_url for part in self.item.parts)
        return sum(len(text) for text in (*texts, *images) if isinstance(text, str))


CONVERSATION_PREFIX: Final = "conv_"
"""Of ids of conversations; behind it is the id that Coze's clients know."""


class ConversationItems:
    """The items of one conversation, oldest first.

    An item that the client sends has its place at once, and is shown when it has been saved. Items that are shown
    before it name the one in front of it as the previous one; it then goes to its own place in between.
    """

    def __init__(self) -> None:
        self.conversation_id = ""
        """The id under which the client knows the conversation."""
        self._items: dict[str, KnownItem] = {}
        self._order: list[str] = []
        self._characters = 0
        self._messages: Counter[str] = Counter()

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def get(self, item_id: str) -> KnownItem | None:
        """The item with this id."""
        return self._items.get(item_id)

    @property
    def last_id(self) -> str | None:
        """The id of the last item, shown or not; None if there is none."""
        return self._order[-1] if self._order else None

    def append(self, item: Item, message_id: str = NO_ID, offset_ms: float = 0.0) -> str | None:
        """Add an item behind all others, and show it. Returns the id of the one before it."""
        self.insert(item, self.last_id or ROOT)
        self._items[item.id].offset_ms = offset_ms
        self.stands_for(item.id, message_id)
        return self.show(item.id)

    def insert(self, item: Item, after: str, files: Mapping[int, str] = _NO_FILES) -> None:
        """Add an item behind the one with the id ``after``, or as the first, for ROOT. It is not shown yet."""
        self._order.insert(0 if after == ROOT else self._order.index(after) + 1, item.id)
        known = self._items[item.id] = KnownItem(item, is_shown=False, files=files)
        self._characters += known.length
        while len(self._order) > MOST_ITEMS or (self._characters > MOST_CHARACTERS and len(self._order) > 1):
            self.remove(next(one for one in self._order if one != item.id))

    def show(self, item_id: str) -> str | None:
        """Note that the client is told of an item, if it is still there. Returns the id of the one before it, as
        ``before``."""
        if (known := self._items.get(item_id)) is not None:
            known.is_shown = True
        return self.before(item_id)

    def stands_for(self, item_id: str, message_id: str) -> None:
        """Note the message of an item."""
        known = self._items.get(item_id)
        if known is not None and message_id not in (NO_ID, known.message_id):
            known.message_id = message_id
            self._messages[message_id] += 1

    def change(self, item: Item) -> None:
        """Replace an item by its later state, if it is still there."""
        if (known := self._items.get(item.id)) is not None:
            self._characters -= known.length
            known.item = item
            self._characters += known.length

    def transcribe(self, item_id: str, transcript: str) -> None:
        """Note the transcript of the user's audio."""
        if (known := self._items.get(item_id)) is not None:
            part = Part(type="input_audio", transcript=transcript)
            self.change(msgspec.structs.replace(known.item, content=(part,)))

    def remove(self, item_id: str) -> str | None:
        """Remove an item. Returns the id of its message, if no other item stands for that."""
        known = self._items.pop(item_id)
        self._characters -= known.length
        self._order.remove(item_id)
        if known.message_id == NO_ID:
            return None
        self._messages[known.message_id] -= 1
        if self._messages[known.message_id] > 0:
            return None
        del self._messages[known.message_id]
        return known.message_id

    def before(self, item_id: str) -> str | None:
        """The id of the shown item in front of this one, or of the last if this one is gone; None if there is none."""
        index = self._order.index(item_id) if item_id in self._items else len(self._order)
        return next((one for one in reversed(self._order[:index]) if self._items[one].is_shown), None)

    def message_before(self, item_id: str) -> str | None:
        """The id of the last message in front of an item, NO_ID if there is none; None if the item is the last, and
        needs no place."""
        index = self._order.index(item_id)
        if index == len(self._order) - 1:
            return None
        messages = (self._items[one].message_id for one in reversed(self._order[:index]))
        return next((message_id for message_id in messages if message_id != NO_ID), NO_ID)

    def call(self, call_id: str) -> Item | None:
        """The call of a function with this id."""
        items = (known.item for known in self._items.values())
        return next((item for item in items if item.type == "function_call" and item.call_id == call_id), None)

    def place(self, previous_item_id: str | None) -> str:
        """Where to add a client's item: the id in front, or ROOT. Raises RefusedEvent for an unknown one."""
        if previous_item_id is None:
            return self.last_id or ROOT
        if previous_item_id != ROOT and previous_item_id not in self._items:
            msg = f"previous_item_id: there is no item {previous_item_id[:100]!r}; allowed: the id of an item, or root"
            raise RefusedEvent("invalid_value", msg, "previous_item_id")
        return previous_item_id
