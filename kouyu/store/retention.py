"""Deletes what is older than it may be kept: conversations of all owners, and uploaded files that nothing needs."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, exists, select

from kouyu.store.chats import OPEN_STATUSES
from kouyu.store.data_counts import DataCounts
from kouyu.store.database import Database
from kouyu.store.file_references import unreferenced
from kouyu.store.files import FileContents
from kouyu.store.personal_data import AT_ONCE, TABLES, DeleteConversations
from kouyu.store.session_records import SessionRecordFiles
from kouyu.store.tables import chats, conversations, file_contents, files, messages

_FILES_AT_ONCE: Final = 100


class _Id(msgspec.Struct, frozen=True):
    id: str


class DeleteFiles(msgspec.Struct, frozen=True):
    """Delete the rows of these files; return how many there were."""

    ids: Sequence[str]

    def apply(self, connection: Connection) -> int:
        """See Write."""
        return connection.execute(delete(files).where(files.c.id.in_(self.ids))).rowcount


async def forget_before(
    database: Database,
    contents: FileContents,
    session_records: SessionRecordFiles,
    before: int,
    live: Collection[str],
) -> DataCounts:
    """Delete the conversations in which nothing was said since the Unix time ``before``, and the older files that no
    message and no bot refers to. ``live`` are conversations that clients are connected to: they stay.

    Works in small steps, so that sessions can write between them. Raises StoreError.
    """
    deleted = DataCounts()
    expired, after = _expired(before, live), ""
    while True:
        # Found on a reading connection: the search may take long, and holds up nobody there.
        query = select(conversations.c.id).where(expired, conversations.c.id > after)
        found = await database.records(query.order_by(conversations.c.id).limit(AT_ONCE), _Id)
        if not found:
            break
        ids, after = [each.id for each in found], found[-1].id
        # Checked again: something may have been said meanwhile.
        step = await database.write_one(DeleteConversations(and_(conversations.c.id.in_(ids), expired)))
        sessions = await session_records.delete_of(step.conversation_ids)
        deleted = deleted.plus(step.deleted).plus(DataCounts(sessions=sessions))
    older = await database.records(select(files.c.id).where(files.c.created_at < before), _Id)
    gone = await delete_files(database, contents, {each.id for each in older})
    deleted = msgspec.structs.replace(deleted, files=gone)
    if deleted != DataCounts():
        await database.leave_no_trace(*TABLES, file_contents.name)
    return deleted


async def delete_files(database: Database, contents: FileContents, candidates: Collection[str]) -> int:
    """Delete those of these files that no message and no bot refers to; return their number. Raises StoreError."""
    gone = sorted(await unreferenced(database, set(candidates))) if candidates else []
    count = 0
    for ids in _pieces(gone):
        count += await database.write_one(DeleteFiles(ids))
        await contents.delete(ids)
    return count


def _expired(before: int, live: Collection[str]) -> ColumnElement[bool]:
    said = exists().where(messages.c.conversation_id == conversations.c.id, messages.c.created_at >= before)
    running = exists().where(chats.c.conversation_id == conversations.c.id, chats.c.status.in_(OPEN_STATUSES))
    return and_(
        conversations.c.created_at < before,
        conversations.c.updated_at < before,
        conversations.c.id.not_in(live),
        ~said,
        ~running,
    )


def _pieces(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _FILES_AT_ONCE] for start in range(0, len(ids), _FILES_AT_ONCE))
