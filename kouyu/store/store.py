"""The store: one interface to everything that kouyu saves."""

import logging
import time
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec
from sqlalchemy import select

from kouyu.domain.ids import IdFactory
from kouyu.store import retention
from kouyu.store.apps import Apps
from kouyu.store.audit import Audit
from kouyu.store.bots import BotRecord, bot_of_anybody, bots_of_all
from kouyu.store.client_secrets import ClientSecrets
from kouyu.store.data_counts import DataCounts
from kouyu.store.database import Database
from kouyu.store.errors import StoreError
from kouyu.store.file_contents import FilesInDatabase
from kouyu.store.file_folder import FolderOfFiles
from kouyu.store.files import FileContents
from kouyu.store.issued_tokens import TokenIssuer
from kouyu.store.lost_connections import LostConnections
from kouyu.store.notices import Notice, NoticeBus, Tell
from kouyu.store.options import DEFAULT, StoreOptions
from kouyu.store.outdated_voiceprints import OutdatedVoiceprints
from kouyu.store.owned_store import OwnedStore
from kouyu.store.servers import ServerLease
from kouyu.store.session_records import SessionRecordFiles
from kouyu.store.sign_ins import SignIns
from kouyu.store.sounds import KeptSounds
from kouyu.store.tables import conversations, file_contents
from kouyu.store.tokens import Tokens

logger = logging.getLogger(__name__)


class Store:
    """The saved data: that of each owner by ``of``, and what belongs to the server.

    An awaited write is on disk; reads see every write awaited before.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.time,
        files_folder: Path | None = None,
        sessions_folder: Path | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._contents: FileContents = (
            FilesInDatabase(database, files_folder) if database.is_shared else FolderOfFiles(files_folder, clock)
        )
        self.ids = IdFactory()
        """Makes every id of this process."""
        self.notices = database.notices
        """What other servers on the database tell."""
        self.lease: ServerLease | None = None
        """That of the server whose store this is; None for a program beside a server."""
        self.tokens = Tokens(database, self.ids, clock)
        self.apps = Apps(database, self.ids, clock)
        self.sign_ins = SignIns(database, clock)
        self.issuer = TokenIssuer(database, self.ids, clock)
        self.session_records = SessionRecordFiles(sessions_folder)
        self.audit = Audit(database, clock)
        self.kept_sounds = KeptSounds(database, clock)
        self.outdated_voiceprints = OutdatedVoiceprints(database)
        self.lost_connections = LostConnections(database, clock)
        self.client_secrets = ClientSecrets(database, clock)

    @classmethod
    async def open(
        cls,
        location: str | Path,
        *,
        recover: bool = True,
        clock: Callable[[], float] = time.time,
        files_folder: Path | None = None,
        sessions_folder: Path | None = None,
        options: StoreOptions = DEFAULT,
        beside_others: bool = False,
        bus: NoticeBus | None = None,
        folder: str = "",
    ) -> "Store":
        """Open the database at a path (SQLite) or URL for a server: take a lease, mark the chats as failed that servers
        left open which are gone, and delete the expired state of lost connections.

        ``recover=False`` does none of this, and does not migrate: for a program beside a running server. ``clock``
        returns Unix seconds; ``files_folder`` is the folder of uploaded files, ``sessions_folder`` that of session
        records. ``beside_others``: for a further process of a server, which has opened the database already; ``bus``
        leads to its other processes, on SQLite. ``folder``: the id of the data folder that the server has locked, by
        which its earlier run is known to have died, on PostgreSQL. Raises SchemaTooNew, SchemaTooOld (see
        ``Database.open``), and StoreError if the database cannot be opened.
        """
        beside_server = not recover or beside_others
        database = await Database.open(location, beside_server=beside_server, options=options, bus=bus)
        store = cls(database, clock, files_folder, sessions_folder)
        if recover:
            try:
                lease = ServerLease(database, store.ids, clock, beside_others=beside_others, folder=folder)
                await lease.take()
                store.lease = lease
                await store.lost_connections.forget_old()
            except BaseException:
                await store.close()
                raise
        return store

    def of(self, owner: str) -> OwnedStore:
        """The data of one owner; "" is the owner of tokens that name none."""
        return OwnedStore(
            self._database,
            owner,
            contents=self._contents,
            session_records=self.session_records,
            ids=self.ids,
            clock=self._clock,
            abandon=self.lease.abandon if self.lease else lambda _: None,
        )

    async def sweep_files(self) -> int:
        """Delete uploads that a crash cut off, and return their number; on PostgreSQL, move the folder's into the
        database."""
        if left := await self._contents.tidy(self._database):
            logger.info("deleted %d uploads that a crash had cut off", left)
        return left

    def free_bytes(self) -> int | None:
        """Free space on the disk of uploaded files; None without a folder for them."""
        return self._contents.free_bytes()

    async def forget_before(self, before: int, live: Collection[str]) -> DataCounts:
        """Delete conversations and files that are too old. See retention.forget_before; raises StoreError.

        Conversations that are live on another server stay, too.
        """
        others = await self.lease.others() if self.lease is not None else ()
        live = {*live, *(conversation_id for server in others for conversation_id in server.live)}
        return await retention.forget_before(self._database, self._contents, self.session_records, before, live)

    async def delete_user(self, owner: str, user_id: str) -> DataCounts:
        """Delete everything of an owner's user permanently, with uploaded files that nobody else's messages name.

        An empty ``user_id`` is that of everybody who names none, and has nothing. Raises StoreError.
        """
        if not user_id:
            return DataCounts()
        deleted, named = await self.of(owner).personal_data(user_id).delete()
        # A message may name any id, also that of another owner's file.
        theirs = {file_id for file_id in named if await self.of(owner).files.get(file_id) is not None}
        files = await retention.delete_files(self._database, self._contents, theirs)
        if files:
            await self._database.leave_no_trace(file_contents.name)
        return msgspec.structs.replace(deleted, files=files)

    async def bots_of_all(self) -> tuple[BotRecord, ...]:
        """The bots of all owners, each with its owner."""
        return await bots_of_all(self._database)

    async def bot_of_anybody(self, bot_id: str) -> BotRecord | None:
        """The bot with this id, of any owner."""
        return await bot_of_anybody(self._database, bot_id)

    async def section_of(self, conversation_id: str) -> str | None:
        """The current section of a conversation of any owner; None if there is no such conversation."""
        found: str | None = await self._database.scalar(
            select(conversations.c.section_id).where(conversations.c.id == conversation_id)
        )
        return found

    async def public_picture(self, bot_id: str) -> bytes | None:
        """The picture of a bot of any owner: pages show it without a token. None if there is none. Raises StoreError
        if its content is missing."""
        bot = await bot_of_anybody(self._database, bot_id)
        if bot is None:
            return None
        files = self.of(bot.owner).files
        file = await files.get((bot.published or bot.draft).icon_file_id)
        return None if file is None else await files.content(file)

    async def tell(self, notice: Notice) -> None:
        """Send a notice to the other servers. Raises StoreError."""
        await self._database.write_one(Tell(notice))

    @property
    def is_shared(self) -> bool:
        """Whether servers on other machines may use the database too."""
        return self._database.is_shared

    def observe_writes(self, observe: Callable[[float], None]) -> None:
        """Call ``observe`` with the duration of each transaction of writes, in seconds."""
        self._database.observe_writes(observe)

    async def seen_from(self) -> str | None:
        """The address from which PostgreSQL sees this server; None if they are on one machine, and for SQLite."""
        return await self._database.seen_from()

    async def check(self) -> None:
        """Read from the database. Raises StoreError if it cannot be read."""
        await self._database.scalar(select(1))

    async def close(self) -> None:
        """Finish the queued writes, give the lease back, then close."""
        if self.lease is not None:
            try:
                await self.lease.leave()
            except StoreError as fault:
                logger.warning("the lease of this server ends by itself: %s", fault)
        await self._database.close()

    async def __aenter__(self) -> "Store":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
