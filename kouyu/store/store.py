"""The store: everything that is kept, behind one door."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kouyu.store.bots import Bots
from kouyu.store.chats import Chats
from kouyu.store.conversations import Conversations
from kouyu.store.database import Database
from kouyu.store.feedback import Feedback
from kouyu.store.files import Files
from kouyu.store.lost_connections import LostConnections
from kouyu.store.messages import Messages
from kouyu.store.sounds import Sounds
from kouyu.store.tokens import Tokens
from kouyu.store.variables import Variables
from kouyu.store.voiceprints import Voiceprints
from kouyu.store.writer import Write

logger = logging.getLogger(__name__)


class Store:
    """What is kept, by kind. An awaited write is on disk; reads see every write awaited before."""

    def __init__(
        self, database: Database, clock: Callable[[], float] = time.time, files_folder: Path | None = None
    ) -> None:
        self._database = database
        self.conversations = Conversations(database, clock)
        self.messages = Messages(database, clock)
        self.chats = Chats(database, clock)
        self.feedback = Feedback(database, clock)
        self.tokens = Tokens(database, clock)
        self.files = Files(database, files_folder, clock)
        self.bots = Bots(database, clock)
        self.variables = Variables(database, clock)
        self.voiceprints = Voiceprints(database, clock)
        self.sounds = Sounds(database, clock)
        self.lost_connections = LostConnections(database, clock)

    @classmethod
    async def open(
        cls,
        location: str | Path,
        *,
        recover: bool = True,
        clock: Callable[[], float] = time.time,
        files_folder: Path | None = None,
    ) -> "Store":
        """Open the database at a path (SQLite) or URL, mark the chats that a crash left open as failed, and forget the
        connections that were lost too long ago.

        ``recover=False`` leaves both alone: for a program beside a running server, whose they are.
        ``clock`` gives Unix seconds; ``files_folder`` is where uploaded files go. Raises SchemaTooNew, and StoreError
        when the database cannot be opened.
        """
        store = cls(await Database.open(location), clock, files_folder)
        if recover:
            try:
                interrupted = await store.chats.fail_interrupted()
                await store.lost_connections.forget_old()
            except BaseException:
                await store.close()
                raise
            if interrupted:
                logger.warning("%d chats had been left open by a stop of the server; now marked failed", interrupted)
        return store

    async def write(self, *writes: Write[Any]) -> None:
        """Carry out several writes in one transaction, all or none; returns when they are on disk.

        Raises UnknownConversation when one belongs to a conversation that is not there, StoreError when the database
        refuses, StoreClosed when the store is closing. Cancelling the caller does not take back what it had queued.
        """
        await self._database.write(*writes)

    async def close(self) -> None:
        """Carry out the writes that wait, then close."""
        await self._database.close()

    async def __aenter__(self) -> "Store":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
