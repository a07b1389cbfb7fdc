"""Bots created over REST, each with a draft and a published version."""

import time
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, and_, insert, select, update

from kouyu.domain.ids import IdFactory
from kouyu.store.database import Database
from kouyu.store.errors import UnknownBot
from kouyu.store.notices import BotChanged, notify
from kouyu.store.ownership import OwnedDatabase
from kouyu.store.tables import bots

ResponseFormat = Literal["text", "markdown", "json"]
"""``json``: the model answers with a JSON object. The others leave its answer to the prompt."""


class BotModel(msgspec.Struct, frozen=True, kw_only=True):
    """The model, and its sampling parameters. None leaves one to the model."""

    model_id: str = ""
    """The bot of the settings whose model is used; "" is the default one."""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_format: ResponseFormat | None = None
    context_round: int | None = None
    """Earlier questions, with their answers, in the model's context; None is all that fit."""


class BotTools(msgspec.Struct, frozen=True):
    """The bot's tools of one MCP server: those named in ``tools``, or all of them."""

    server: str
    tools: tuple[str, ...] = ()


class BotProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A bot as its owner defines it."""

    name: str
    description: str = ""
    icon_file_id: str = ""
    prompt: str = ""
    prologue: str = ""
    suggested_questions: tuple[str, ...] = ()
    follow_up: bool = False
    """Whether it suggests questions after each answer; ``follow_up_prompt`` instructs the model how."""
    follow_up_prompt: str = ""
    voice_id: str = ""
    model: BotModel = BotModel()
    tools: tuple[BotTools, ...] = ()


class BotRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored bot. Times are Unix seconds; ``version`` counts how often it was published."""

    id: str
    owner: str = ""
    creator_id: str
    """The access token that created it."""
    draft: BotProfile
    published: BotProfile | None
    version: int
    created_at: int
    updated_at: int
    published_at: int | None


class _Insert(msgspec.Struct, frozen=True):
    record: BotRecord

    def apply(self, connection: Connection, owner: str) -> None:
        connection.execute(insert(bots).values({**msgspec.structs.asdict(self.record), "owner": owner}))


class _Change(msgspec.Struct, frozen=True):
    """Raises UnknownBot."""

    bot_id: str
    values: dict[str, Any]

    def apply(self, connection: Connection, owner: str) -> None:
        mine = and_(bots.c.id == self.bot_id, bots.c.owner == owner)
        done = connection.execute(update(bots).where(mine).values(self.values))
        if done.rowcount == 0:
            raise UnknownBot(self.bot_id)
        notify(connection, BotChanged(self.bot_id))


class _ChangeDraft(msgspec.Struct, frozen=True):
    """Raises UnknownBot."""

    bot_id: str
    change: Callable[[BotProfile], BotProfile]
    updated_at: int

    def apply(self, connection: Connection, owner: str) -> None:
        mine = and_(bots.c.id == self.bot_id, bots.c.owner == owner)
        # Locked on PostgreSQL: another server may change another field at the same time.
        draft = connection.execute(select(bots.c.draft).where(mine).with_for_update()).scalar()
        if draft is None:
            raise UnknownBot(self.bot_id)
        changed = self.change(msgspec.convert(draft, BotProfile))
        values = {"draft": changed, "updated_at": self.updated_at}
        connection.execute(update(bots).where(mine).values(values))


class _Publish(msgspec.Struct, frozen=True):
    """Raises UnknownBot."""

    bot_id: str
    published_at: int

    def apply(self, connection: Connection, owner: str) -> None:
        # In SQL, so that the present draft is published, not one read earlier.
        values = {
            "published": bots.c.draft,
            "version": bots.c.version + 1,
            "published_at": self.published_at,
            "updated_at": self.published_at,
        }
        _Change(self.bot_id, values).apply(connection, owner)


async def bots_of_all(database: Database) -> tuple[BotRecord, ...]:
    """The bots of all owners, to be answered by."""
    return await database.records(select(bots), BotRecord)


async def bot_of_anybody(database: Database, bot_id: str) -> BotRecord | None:
    """The bot with this id, of any owner: for its picture, which is public."""
    return await database.record(select(bots).where(bots.c.id == bot_id), BotRecord)


class Bots:
    """The stored bots of one owner."""

    def __init__(self, database: OwnedDatabase, ids: IdFactory, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def create(self, creator_id: str, profile: BotProfile) -> BotRecord:
        """Create a bot, not yet published."""
        now = int(self._clock())
        record = BotRecord(
            id=self._ids.next_id(),
            owner=self._database.owner,
            creator_id=creator_id,
            draft=profile,
            published=None,
            version=0,
            created_at=now,
            updated_at=now,
            published_at=None,
        )
        await self._database.write_one(_Insert(record))
        return record

    async def get(self, bot_id: str) -> BotRecord | None:
        """The bot with this id."""
        mine = and_(bots.c.id == bot_id, bots.c.owner == self._database.owner)
        return await self._database.record(select(bots).where(mine), BotRecord)

    async def update(self, bot_id: str, change: Callable[[BotProfile], BotProfile]) -> None:
        """Change the draft, as it is when the change is saved; the published version stays. Raises UnknownBot."""
        await self._database.write_one(_ChangeDraft(bot_id, change, int(self._clock())))

    async def publish(self, bot_id: str) -> BotRecord:
        """Publish the draft. Raises UnknownBot."""
        await self._database.write_one(_Publish(bot_id, int(self._clock())))
        record = await self.get(bot_id)
        if record is None:
            raise UnknownBot(bot_id)
        return record

    async def unpublish(self, bot_id: str) -> None:
        """Unpublish the bot; its draft stays. Raises UnknownBot."""
        values = {"published": None, "published_at": None, "updated_at": int(self._clock())}
        await self._database.write_one(_Change(bot_id, values))

    async def list(self) -> tuple[BotRecord, ...]:
        """All of them, the latest first."""
        query = select(bots).where(bots.c.owner == self._database.owner)
        latest = query.order_by(bots.c.created_at.desc(), bots.c.id.desc())
        return await self._database.records(latest, BotRecord)
