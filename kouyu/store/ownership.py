"""The database as one owner sees it: every write of an owner's data gets the owner here, and so do its queries."""

from typing import Any, Final, Protocol, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Executable, bindparam, exists, select

from kouyu.store.database import Database
from kouyu.store.errors import UnknownConversation
from kouyu.store.tables import conversations
from kouyu.store.writer import Write

R = TypeVar("R", bound=msgspec.Struct)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class OwnedWrite(Protocol[T_co]):
    """One change of an owner's data, as a value. What belongs to another owner is as if it did not exist."""

    def apply(self, connection: Connection, owner: str) -> T_co:
        """Apply the change in the open transaction. Raises StoreError if it fails."""
        ...


class WriteOf(msgspec.Struct, frozen=True):
    """A Write for the database."""

    write: OwnedWrite[Any]
    owner: str

    def apply(self, connection: Connection) -> Any:
        return self.write.apply(connection, self.owner)


class OwnedDatabase:
    """The database for one owner. Its queries name the owner themselves, by ``owner``."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self.owner = owner

    async def write(self, *writes: OwnedWrite[Any]) -> tuple[Any, ...]:
        """Do the writes in one transaction; return their results once they are on disk. See Writer.write."""
        return await self._database.write(*(WriteOf(write, self.owner) for write in writes))

    async def write_one(self, write: OwnedWrite[T]) -> T:
        """Do one write; return its result once it is on disk."""
        bound: Write[T] = WriteOf(write, self.owner)
        return await self._database.write_one(bound)

    async def leave_no_trace(self, *tables: str) -> None:
        """See Database.leave_no_trace."""
        await self._database.leave_no_trace(*tables)

    async def records(self, query: Executable, record: type[R], values: dict[str, Any] | None = None) -> tuple[R, ...]:
        """See Database.records."""
        return await self._database.records(query, record, values)

    async def record(self, query: Executable, record: type[R]) -> R | None:
        """See Database.record."""
        return await self._database.record(query, record)

    async def scalar(self, query: Executable) -> Any:
        """See Database.scalar."""
        return await self._database.scalar(query)


def bots_owner(owner: str) -> str:
    """The owner of the bots of this owner's clients: ``shop`` for ``shop/ada``, the session ``ada`` of an app of
    ``shop``, whose other data is its own."""
    return owner.partition("/")[0]


def is_of(owner: Any, conversation_id: Any) -> ColumnElement[bool]:
    """Whether the conversation is of this owner. Both are values, parameters, or columns of the query around it."""
    return exists().where(conversations.c.id == conversation_id, conversations.c.owner == owner)


# Built once: each message of a conversation is preceded by it.
_KNOWN: Final = select(conversations.c.id).where(
    conversations.c.id == bindparam("conversation"), conversations.c.owner == bindparam("owner")
)


def require_conversation(connection: Connection, conversation_id: str, owner: str) -> None:
    """Raises UnknownConversation if this owner has no such conversation."""
    if connection.execute(_KNOWN, {"conversation": conversation_id, "owner": owner}).first() is None:
        raise UnknownConversation(conversation_id)
