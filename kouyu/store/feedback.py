"""Readers' feedback on messages, one per message."""

import time
from collections.abc import Callable
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, exists, select
from sqlalchemy.exc import IntegrityError

from kouyu.store import dialect
from kouyu.store.errors import UnknownMessage
from kouyu.store.ownership import OwnedDatabase, is_of
from kouyu.store.tables import feedback, messages

FeedbackType = Literal["like", "unlike"]


class FeedbackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The feedback on one message; the time is in Unix seconds."""

    message_id: str
    feedback_type: FeedbackType
    reason_types: tuple[str, ...] = ()
    comment: str = ""
    created_at: int


class PutFeedback(msgspec.Struct, frozen=True):
    """Save the feedback on a message, replacing earlier one. Raises UnknownMessage."""

    record: FeedbackRecord

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        if connection.execute(select(messages.c.id).where(_message(self.record.message_id, owner))).first() is None:
            raise UnknownMessage(self.record.message_id)
        values = msgspec.structs.asdict(self.record)
        try:
            dialect.put(connection, feedback, values, key=("message_id",), change=values)
        except IntegrityError as error:
            raise UnknownMessage(self.record.message_id) from error


class DeleteFeedback(msgspec.Struct, frozen=True):
    """Delete the feedback on a message, if any."""

    message_id: str

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        connection.execute(delete(feedback).where(_on_message(self.message_id, owner)))


def _message(message_id: str, owner: str) -> ColumnElement[bool]:
    return and_(messages.c.id == message_id, is_of(owner, messages.c.conversation_id))


def _on_message(message_id: str, owner: str) -> ColumnElement[bool]:
    return and_(feedback.c.message_id == message_id, exists().where(_message(message_id, owner)))


class Feedback:
    """The stored feedback of one owner. It is deleted with its message."""

    def __init__(self, database: OwnedDatabase, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def put(
        self, message_id: str, feedback_type: FeedbackType, *, reason_types: tuple[str, ...] = (), comment: str = ""
    ) -> None:
        """Save feedback, replacing earlier one. Raises UnknownMessage."""
        record = FeedbackRecord(
            message_id=message_id,
            feedback_type=feedback_type,
            reason_types=reason_types,
            comment=comment,
            created_at=int(self._clock()),
        )
        await self._database.write_one(PutFeedback(record))

    async def delete(self, message_id: str) -> None:
        """Delete the feedback, if any."""
        await self._database.write_one(DeleteFeedback(message_id))

    async def get(self, message_id: str) -> FeedbackRecord | None:
        """The feedback on a message."""
        query = select(feedback).where(_on_message(message_id, self._database.owner))
        return await self._database.record(query, FeedbackRecord)
