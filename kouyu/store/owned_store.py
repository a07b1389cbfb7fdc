"""All data of one owner."""

from collections.abc import Callable, Collection
from typing import Any

from kouyu.domain.ids import IdFactory
from kouyu.store.bots import Bots
from kouyu.store.chats import Chats
from kouyu.store.conversation_search import ConversationSearch
from kouyu.store.conversations import Conversations
from kouyu.store.database import Database
from kouyu.store.feedback import Feedback
from kouyu.store.files import FileContents, Files
from kouyu.store.messages import Messages
from kouyu.store.ownership import OwnedDatabase, OwnedWrite, bots_owner
from kouyu.store.personal_data import PersonalData
from kouyu.store.session_records import SessionRecordFiles
from kouyu.store.sounds import Sounds
from kouyu.store.variables import Variables
from kouyu.store.voiceprints import Voiceprints


class OwnedStore:
    """The data of one owner, by kind. Data of others is as if it did not exist: reads do not find it, and a write to
    it raises what one to an unknown id raises."""

    def __init__(
        self,
        database: Database,
        owner: str,
        *,
        contents: FileContents,
        session_records: SessionRecordFiles,
        ids: IdFactory,
        clock: Callable[[], float],
        abandon: Callable[[Collection[str]], None],
    ) -> None:
        """``abandon``: see ServerLease.abandon."""
        self.abandon = abandon
        self.owner = owner
        self._database = mine = OwnedDatabase(database, owner)
        self.conversations = Conversations(mine, session_records, clock)
        self.messages = Messages(mine, clock)
        self.search = ConversationSearch(mine)
        self.chats = Chats(mine)
        self.feedback = Feedback(mine, clock)
        self.files = Files(mine, contents, ids, clock)
        self.bots = Bots(OwnedDatabase(database, bots_owner(owner)), ids, clock)
        self.variables = Variables(mine, clock)
        self.voiceprints = Voiceprints(mine, ids, clock)
        self.sounds = Sounds(mine)
        self.session_records = session_records

    def personal_data(self, user_id: str) -> PersonalData:
        """Everything of one user of the owner's clients."""
        return PersonalData(self._database, self.session_records, user_id)

    async def write(self, *writes: OwnedWrite[Any]) -> None:
        """Do several writes in one transaction, all or none; returns when they are on disk.

        Raises UnknownConversation if one belongs to a conversation that the owner does not have, StoreError if the
        database fails, StoreClosed if the store is closing. Cancelling the caller does not undo the writes that it
        queued.
        """
        await self._database.write(*writes)
