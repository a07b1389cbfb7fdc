"""Feedback: what readers thought of messages, one opinion for each."""

import time
from collections.abc import Callable
from typing import Literal

import msgspec
from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import IntegrityError

from kouyu.store import dialect
from kouyu.store.database import Database
from kouyu.store.errors import UnknownMessage
from kouyu.store.tables import feedback

FeedbackType = Literal["like", "unlike"]


class FeedbackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was thought of one message; the time is in Unix seconds."""

    message_id: str
    feedback_type: FeedbackType
    reason_types: tuple[str, ...] = ()
    comment: str = ""
    created_at: int


class PutFeedback(msgspec.Struct, frozen=True):
    """Keep the feedback in place of what was kept for its message. Raises UnknownMessage."""

    record: FeedbackRecord

    def apply(self, connection: Connection) -> None:
        """See Write."""
        values = msgspec.structs.asdict(self.record)
        try:
            dialect.put(connection, feedback, values, key=("message_id",), change=values)
        except IntegrityError as error:
            raise UnknownMessage(self.record.message_id) from error


class DeleteFeedback(msgspec.Struct, frozen=True):
    """Forget what was thought of a message; nothing happens where nothing is kept."""

    message_id: str

    def apply(self, connection: Connection) -> None:
        """See Write."""
        connection.execute(delete(feedback).where(feedback.c.message_id == self.message_id))


class Feedback:
    """The feedback kept. It goes with its message."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def put(
        self, message_id: str, feedback_type: FeedbackType, *, reason_types: tuple[str, ...] = (), comment: str = ""
    ) -> None:
        """Keep an opinion in place of an earlier one. Raises UnknownMessage."""
        record = FeedbackRecord(
            message_id=message_id,
            feedback_type=feedback_type,
            reason_types=reason_types,
            comment=comment,
            created_at=int(self._clock()),
        )
        await self._database.write_one(PutFeedback(record))

    async def delete(self, message_id: str) -> None:
        """Forget the opinion, if there is one."""
        await self._database.write_one(DeleteFeedback(message_id))

    async def get(self, message_id: str) -> FeedbackRecord | None:
        """What was thought of a message."""
        query = select(feedback).where(feedback.c.message_id == message_id)
        return await self._database.record(query, FeedbackRecord)
