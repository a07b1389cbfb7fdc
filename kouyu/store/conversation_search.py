"""Finds an owner's conversations by bot, user, time, and what was said in them, in steps of bounded work."""

from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from kouyu.domain.messages import ContentType, Role
from kouyu.store.messages import LISTED_TYPES
from kouyu.store.ownership import OwnedDatabase
from kouyu.store.tables import conversations, messages

MESSAGES_A_STEP: Final = 20_000
"""Messages that one search looks through, of all owners, from the newest on."""


class Criteria(msgspec.Struct, frozen=True, kw_only=True):
    """What to find; empty fields match all. Times are Unix seconds, 0 is none."""

    bot_id: str = ""
    user_id: str = ""
    since: int = 0
    until: int = 0


class ListedConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with its first question, "" if there is none."""

    id: str
    bot_id: str
    user_id: str
    name: str
    created_at: int
    question: str = ""
    question_type: ContentType = "text"


class FoundMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that may contain the text: of ``object_string`` every message is found."""

    seq: int
    id: str
    conversation_id: str
    chat_id: str
    role: Role
    content: str
    content_type: ContentType
    created_at: int


class FoundMessages(msgspec.Struct, frozen=True):
    """What one step found, newest first. ``next_before``: the ``before`` of the next step; 0: there is none."""

    messages: tuple[FoundMessage, ...]
    next_before: int


class ConversationSearch:
    """Reads the conversations of one owner."""

    def __init__(self, database: OwnedDatabase) -> None:
        self._database = database

    async def list(
        self, criteria: Criteria, *, before: tuple[int, str] | None, limit: int
    ) -> tuple[ListedConversation, ...]:
        """The last ``limit`` conversations that began before ``before`` (a time and an id), newest first."""
        began, key = conversations.c.created_at, conversations.c.id
        query = _listed().where(_meets(criteria, self._database.owner, began))
        if before is not None:
            query = query.where(or_(began < before[0], and_(began == before[0], key < before[1])))
        query = query.order_by(began.desc(), key.desc()).limit(limit)
        return await self._database.records(query, ListedConversation)

    async def of_ids(self, ids: tuple[str, ...]) -> dict[str, ListedConversation]:
        """These conversations, by id."""
        query = _listed().where(conversations.c.id.in_(ids), conversations.c.owner == self._database.owner)
        return {record.id: record for record in await self._database.records(query, ListedConversation)}

    async def said(self, text: str, criteria: Criteria, *, before: int, limit: int) -> FoundMessages:
        """Search MESSAGES_A_STEP messages before ``before`` (0: from the newest on) for ``text``, in upper or lower
        case; return the last ``limit`` that contain it."""
        earlier = messages.c.seq < before if before else messages.c.seq > 0
        reached = select(messages.c.seq).where(earlier).order_by(messages.c.seq.desc()).offset(MESSAGES_A_STEP).limit(1)
        floor: int = await self._database.scalar(reached) or 0
        query = (
            select(*(messages.c[name] for name in FoundMessage.__struct_fields__))
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .where(
                earlier,
                messages.c.seq > floor,
                messages.c.type.in_(LISTED_TYPES),
                or_(
                    func.lower(messages.c.content).contains(text.lower(), autoescape=True),
                    messages.c.content_type == "object_string",
                ),
                _meets(criteria, self._database.owner, messages.c.created_at),
            )
            .order_by(messages.c.seq.desc())
            .limit(limit)
        )
        found = await self._database.records(query, FoundMessage)
        is_full = len(found) == limit
        return FoundMessages(found, found[-1].seq if is_full else floor + 1 if floor else 0)


def _listed() -> Select[*tuple[object, ...]]:
    first = (
        select(messages.c.content, messages.c.content_type)
        .where(
            messages.c.conversation_id == conversations.c.id,
            messages.c.role == "user",
            messages.c.type.in_(("question", "")),
        )
        .order_by(messages.c.seq)
        .limit(1)
    )
    return select(
        conversations.c.id,
        conversations.c.bot_id,
        conversations.c.user_id,
        conversations.c.name,
        conversations.c.created_at,
        func.coalesce(first.with_only_columns(messages.c.content).scalar_subquery(), "").label("question"),
        func.coalesce(first.with_only_columns(messages.c.content_type).scalar_subquery(), "text").label(
            "question_type"
        ),
    )


def _meets(criteria: Criteria, owner: str, at: ColumnElement[int]) -> ColumnElement[bool]:
    wanted = [conversations.c.owner == owner]
    if criteria.bot_id:
        wanted.append(conversations.c.bot_id == criteria.bot_id)
    if criteria.user_id:
        wanted.append(conversations.c.user_id == criteria.user_id)
    if criteria.since:
        wanted.append(at >= criteria.since)
    if criteria.until:
        wanted.append(at < criteria.until)
    return and_(*wanted)
