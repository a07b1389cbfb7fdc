"""Variables: named values for each user of a bot or an app, which prompts and flows see."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from kouyu.store import dialect
from kouyu.store.ownership import OwnedDatabase
from kouyu.store.tables import variables

READ_AT_ONCE: Final = 1000
"""Most variables returned for one user and one bot."""


class VariableRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A variable. Times are Unix seconds."""

    keyword: str
    value: str
    created_at: int
    updated_at: int


class SetVariable(msgspec.Struct, frozen=True, kw_only=True):
    """Set a variable, new or existing."""

    of_id: str
    """Id of the bot or the app."""
    user_id: str
    keyword: str
    value: str
    at: int

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        new = {"value": self.value, "updated_at": self.at}
        key = {"owner": owner, "of_id": self.of_id, "user_id": self.user_id, "keyword": self.keyword}
        dialect.put(connection, variables, {**key, **new, "created_at": self.at}, key=key, change=new)


class Variables:
    """The stored variables of one owner. ``of_id`` is the id of the bot or the app."""

    def __init__(self, database: OwnedDatabase, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def set(self, of_id: str, user_id: str, values: Mapping[str, str]) -> None:
        """Set a user's variables of a bot or an app, all or none."""
        at = int(self._clock())
        writes = [
            SetVariable(of_id=of_id, user_id=user_id, keyword=keyword, value=value, at=at)
            for keyword, value in values.items()
        ]
        await self._database.write(*writes)

    async def list(self, of_id: str, user_id: str, keywords: Sequence[str] = ()) -> tuple[VariableRecord, ...]:
        """A user's variables of a bot or an app, by name: those of ``keywords`` that are set, or all."""
        query = select(variables.c.keyword, variables.c.value, variables.c.created_at, variables.c.updated_at).where(
            variables.c.owner == self._database.owner,
            variables.c.of_id == of_id,
            variables.c.user_id == user_id,
        )
        if keywords:
            query = query.where(variables.c.keyword.in_(keywords))
        return await self._database.records(query.order_by(variables.c.keyword).limit(READ_AT_ONCE), VariableRecord)

    async def values(self, of_id: str, user_id: str) -> dict[str, str]:
        """The same as a map."""
        return {record.keyword: record.value for record in await self.list(of_id, user_id)}
