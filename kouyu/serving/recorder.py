"""Saves a session's records in order, and before the events that report them are sent to the client."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import Final

from kouyu.conversation.effects import EraseMessage, SaveChat, SaveMessage, SaveSection, TrimMessage
from kouyu.domain.chats import Chat
from kouyu.store.chats import OPEN_STATUSES, BeginChat, PutChat
from kouyu.store.conversations import CreateConversation, SetSection
from kouyu.store.message_writes import AddMessage, DeleteMessage, PlaceMessage, TrimAnswer
from kouyu.store.owned_store import OwnedStore
from kouyu.store.ownership import OwnedWrite

MOST_WAITING: Final = 1000
"""Most pending writes. Beyond that reading from the client pauses, which slows it down."""

LAST_SAVES_S: Final = 2.0
"""For what is still to be saved when a session or a chat ends, in seconds."""

Saving = SaveMessage | TrimMessage | EraseMessage | SaveChat | SaveSection


class Recorder:
    """Writes records in the order given; all pending ones go into one transaction."""

    def __init__(self, store: OwnedStore, *, bot_id: str, is_alone: bool = False) -> None:
        """``is_alone``: the chat must be the only one in its conversation; else saving its begin raises ChatRuns."""
        self._store = store
        self._bot_id = bot_id
        self._must_begin = is_alone
        self._waiting: list[OwnedWrite[object]] = []
        self._writing = asyncio.Lock()
        self._given = 0
        self._written = 0
        self._known: set[str] = set()
        self._open: set[str] = set()
        """The chats that are open on disk, as far as is known."""

    @property
    def ticket(self) -> int:
        """A number for all records given so far; ``written`` waits for it."""
        return self._given

    def save(self, saving: Saving) -> None:
        """Queue a record. A caller that needs it on disk awaits ``written``."""
        self._waiting.extend(self._writes(saving))
        self._given += 1

    async def room(self) -> None:
        """Wait while MOST_WAITING writes are pending. Raises StoreError."""
        if len(self._waiting) > MOST_WAITING:
            await self.written(self.ticket)

    def know(self, conversation_id: str) -> None:
        """Note that this conversation is in the store already."""
        self._known.add(conversation_id)

    async def written(self, ticket: int) -> None:
        """Return when everything up to ``ticket`` is on disk. Raises StoreError."""
        if self._written >= ticket:
            return
        async with self._writing:
            if self._written >= ticket:
                return
            given, count = self._given, len(self._waiting)
            await self._store.write(*self._waiting)
            # Not earlier: if this caller is cancelled, the next one repeats them, which does no harm.
            written = self._waiting[:count]
            del self._waiting[:count]
            self._written = given
            for chat in _chats(written):
                (self._open.add if chat.status in OPEN_STATUSES else self._open.discard)(chat.id)

    def abandon(self) -> None:
        """Have the chats failed whose end is not on disk; call it when no more is saved."""
        chat_ids = self._open | {chat.id for chat in _chats(self._waiting)}
        if chat_ids:
            self._store.abandon(chat_ids)

    def _writes(self, saving: Saving) -> list[OwnedWrite[object]]:
        match saving:
            case SaveMessage(message, created_at, user_id, call_id, after):
                created = self._creating(message.conversation_id, user_id)
                placing = [PlaceMessage(message.id, after)] if after is not None else []
                return [*created, AddMessage(message, created_at, call_id), *placing]
            case TrimMessage(message_id, heard):
                return [TrimAnswer(message_id, heard)]
            case EraseMessage(conversation_id, message_id):
                return [DeleteMessage(conversation_id, message_id)]
            case SaveChat(chat, user_id):
                return [*self._creating(chat.conversation_id, user_id), self._putting(PutChat(chat, user_id))]
            case SaveSection(conversation_id, section_id, user_id):
                begun = SetSection(conversation_id, section_id, int(time.time()))
                return [*self._creating(conversation_id, user_id), begun]

    def _putting(self, put: PutChat) -> PutChat | BeginChat:
        must_begin, self._must_begin = self._must_begin, False
        return BeginChat(put) if must_begin else put

    def _creating(self, conversation_id: str, user_id: str) -> list[OwnedWrite[object]]:
        if conversation_id in self._known:
            return []
        self._known.add(conversation_id)
        created_at = int(time.time())
        return [CreateConversation(id=conversation_id, bot_id=self._bot_id, created_at=created_at, user_id=user_id)]


def _chats(writes: Iterable[OwnedWrite[object]]) -> Iterator[Chat]:
    """The states of chats among the writes."""
    for write in writes:
        match write:
            case PutChat(chat) | BeginChat(PutChat(chat)):
                yield chat
