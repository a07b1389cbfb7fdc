"""The store: one interface to everything that kouyu saves."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

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
    """Saved data by kind. An awaited write is on disk; reads see every write awaited before."""

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
        """Open the database at a path (SQLite) or URL, mark the chats that a crash left open as failed, and delete the
        expired state of lost connections.

        ``recover=False`` changes neither: for a program beside a running server, which owns them.
        ``clock`` returns Unix seconds; ``files_folder`` is the folder of uploaded files. Raises SchemaTooNew, and
        StoreError if the database cannot be opened.
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
                logger.warning("marked %d chats as failed that a stop of the server had left open", interrupted)
        return store

    async def write(self, *writes: Write[Any]) -> None:
        """Do several writes in one transaction, all or none; returns when they are on disk.

        Raises UnknownConversation if one belongs to a conversation that does not exist, StoreError if the database
        fails, StoreClosed if the store is closing. Cancelling the caller does not undo the writes that it queued.
        """
        await self._database.write(*writes)

    def observe_writes(self, observe: Callable[[float], None]) -> None:
        """Call ``observe`` with the duration of each transaction of writes, in seconds."""
        self._database.observe_writes(observe)

    async def check(self) -> None:
        """Read from the database. Raises StoreError if it cannot be read."""
        await self._database.scalar(select(1))

    async def close(self) -> None:
        """Finish the queued writes, then close."""
        await self._database.close()

    async def __aenter__(self) -> "Store":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
