"""Follows what other servers on the same database change: bots, sections and deleted conversations."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kouyu.assembly.bot_directory import BotDirectory
from kouyu.serving.background import in_background
from kouyu.serving.services import Services
from kouyu.store.errors import StoreError
from kouyu.store.notices import BotChanged, ClientReturned, ConversationDeleted, Notice, SectionChanged, UseCounted
from kouyu.text_chats.text_chats import TextChats

log = logging.getLogger(__name__)


class _Follower:
    def __init__(self, services: Services, bots: BotDirectory, chats: TextChats) -> None:
        self._services = services
        self._store = services.store
        self._bots = bots
        self._chats = chats

    async def take(self, notice: Notice | None) -> None:
        """Read anew what a notice is about; for None everything that there are notices of."""
        try:
            match notice:
                case BotChanged(bot_id):
                    await self._follow_bot(bot_id)
                case SectionChanged(conversation_id):
                    await self._follow_section(conversation_id)
                case ConversationDeleted(conversation_id, owner):
                    await self._chats.forget(owner, conversation_id)
                    await self._store.session_records.delete_of([conversation_id])
                case ClientReturned(client, since_s):
                    await self._services.redials.give_way_to(self._store.lost_connections, client, since_s)
                case UseCounted():  # for who has subscribed
                    pass
                case None:
                    await self._follow_all()
        except StoreError as fault:
            log.warning("a change of another server could not be read: %s", fault)

    async def ask(self, client: str, since_s: float) -> bool:
        """Ask the server on which this client may have lost its connection for that connection's state.

        False if there is no such server, or more than one such connection. Raises StoreError.
        """
        others = await self._store.lease.others() if self._store.lease is not None else ()
        if sum(server.clients.count(client) for server in others) != 1:
            return False
        await self._store.tell(ClientReturned(client, since_s))
        return True

    async def _follow_bot(self, bot_id: str) -> None:
        record = await self._store.bot_of_anybody(bot_id)
        if record is None or record.published is None:
            self._bots.remove(bot_id)
        else:
            self._bots.put_published([record])

    async def _follow_section(self, conversation_id: str) -> None:
        section_id = await self._store.section_of(conversation_id)
        if section_id is not None:
            self._services.sections.begin(conversation_id, section_id)

    async def _follow_all(self) -> None:
        records = await self._store.bots_of_all()
        for record in records:
            if record.published is None:
                self._bots.remove(record.id)
        self._bots.put_published(records)
        for conversation_id in set(self._services.watcher_hub.conversation_ids()):
            await self._follow_section(conversation_id)


@asynccontextmanager
async def following_other_servers(services: Services, bots: BotDirectory, chats: TextChats) -> AsyncIterator[None]:
    """Follow the other servers while the block runs; on SQLite there are none."""
    follower = _Follower(services, bots, chats)
    if services.store.notices.has_others and services.store.lease is not None:
        services.redials.ask_others = follower.ask
        services.store.lease.silent_clients = services.redials.silent_clients
    async with in_background(services.store.notices.listen(follower.take), "notices of other servers"):
        yield
