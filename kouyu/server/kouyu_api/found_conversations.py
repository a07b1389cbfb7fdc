"""``/v1/kouyu/conversations``: an owner's conversations, searched and exported (docs/diagnostics.md)."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream
from litestar.types import Guard
from msgspec import Meta, Struct

from kouyu.domain.errors import InvalidField
from kouyu.domain.messages import Role
from kouyu.server.kouyu_api.conversation_export import MEDIA_TYPES, Format, exported
from kouyu.server.kouyu_api.readable_text import readable
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.messages import known_conversation
from kouyu.server.rest.typed import typed_query
from kouyu.store.conversation_search import ConversationSearch, Criteria, FoundMessage, ListedConversation
from kouyu.store.store import Store
from kouyu.store.token_records import TokenRecord

_AROUND: Final = 60
"""Characters that are shown on each side of what was found."""
_TITLE: Final = 120
_MOST_DIGITS: Final = 18
"""Of a number that both databases take."""
_Seconds = Annotated[int, Meta(ge=0, le=4_102_444_800, description="Unix seconds; 0: no bound.")]


class WhichConversations(Struct, frozen=True, kw_only=True):
    """What to find. Without a text the conversations that began in the time, with one those in which it was said."""

    text: Annotated[str, Meta(max_length=200, description="In upper or lower case.")] = ""
    bot_id: Annotated[str, Meta(max_length=128)] = ""
    user_id: Annotated[str, Meta(max_length=512)] = ""
    since: _Seconds = 0
    until: _Seconds = 0
    before: Annotated[str, Meta(max_length=64, description="``next`` of the page before.")] = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class Found(Struct, frozen=True, kw_only=True):
    """The newest message of a conversation in which the text was found, cut to what is around it."""

    message_id: str
    chat_id: str
    role: Role
    created_at: int
    text: str


class FoundConversation(Struct, frozen=True, kw_only=True):
    """A conversation. ``title`` is its name, else its first question."""

    id: str
    bot_id: str
    user_id: str
    title: str
    created_at: int
    found: Found | None


class FoundConversations(Struct, frozen=True):
    """One page, newest first, which may be empty though others follow. ``next``: the ``before`` of the next page, ""
    after the last."""

    conversations: list[FoundConversation]
    next: str


class HowToExport(Struct, frozen=True):
    """The format of an export."""

    format: Format = "txt"


def found_conversation_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers, for tokens that may read messages."""

    @get(
        "/v1/kouyu/conversations",
        guards=[guard],
        opt=described("Search conversations", "kouyu", query=WhichConversations, data=FoundConversations),
    )
    async def search(request: Request[TokenRecord, Any, Any]) -> Response[bytes]:
        wanted = typed_query(request, WhichConversations)
        mine = store.of(request.user.owner)
        criteria = Criteria(bot_id=wanted.bot_id, user_id=wanted.user_id, since=wanted.since, until=wanted.until)
        find = _said if wanted.text else _listed
        return answer_success(request, await find(mine.search, wanted, criteria))

    @get(
        "/v1/kouyu/conversations/{conversation_id:str}/export",
        guards=[guard],
        opt=described("A conversation as a file", "kouyu", query=HowToExport, answer="text"),
    )
    async def export(request: Request[TokenRecord, Any, Any], conversation_id: FromPath[str]) -> Stream:
        how = typed_query(request, HowToExport)
        mine = store.of(request.user.owner)
        conversation = await known_conversation(mine, conversation_id)
        headers = {
            "Content-Disposition": f'attachment; filename="conversation-{conversation.id}.{how.format}"',
            "Cache-Control": "private, no-store",
        }
        pieces = _encoded(exported(mine, conversation, how.format))
        return Stream(pieces, media_type=MEDIA_TYPES[how.format], headers=headers)

    return [search, export]


async def _encoded(pieces: AsyncGenerator[str, None]) -> AsyncGenerator[bytes, None]:
    async for piece in pieces:
        yield piece.encode()


async def _listed(search: ConversationSearch, wanted: WhichConversations, criteria: Criteria) -> FoundConversations:
    before = _time_and_id(wanted.before) if wanted.before else None
    records = await search.list(criteria, before=before, limit=wanted.limit)
    following = f"{records[-1].created_at}.{records[-1].id}" if len(records) == wanted.limit else ""
    return FoundConversations([_shown(record, None) for record in records], following)


async def _said(search: ConversationSearch, wanted: WhichConversations, criteria: Criteria) -> FoundConversations:
    before = _number(wanted.before) if wanted.before else 0
    step = await search.said(wanted.text, criteria, before=before, limit=wanted.limit)
    newest: dict[str, Found] = {}
    for message in step.messages:
        if message.conversation_id not in newest and (found := _found(message, wanted.text)) is not None:
            newest[message.conversation_id] = found
    records = await search.of_ids(tuple(newest))
    shown = [_shown(records[each], found) for each, found in newest.items() if each in records]
    return FoundConversations(shown, str(step.next_before) if step.next_before else "")


def _time_and_id(before: str) -> tuple[int, str]:
    seconds, _, conversation_id = before.partition(".")
    return _number(seconds), conversation_id


def _number(before: str) -> int:
    if not before.isascii() or not before.isdecimal() or len(before) > _MOST_DIGITS:
        raise InvalidField("before", before, "next of the page before")
    return int(before)


def _found(message: FoundMessage, text: str) -> Found | None:
    said = readable(message.content, message.content_type)
    place = said.lower().find(text.lower())
    if place < 0:
        return None
    begin, end = max(0, place - _AROUND), place + len(text) + _AROUND
    cut = f"{'…' if begin else ''}{said[begin:end]}{'…' if end < len(said) else ''}"
    return Found(
        message_id=message.id,
        chat_id=message.chat_id,
        role=message.role,
        created_at=message.created_at,
        text=" ".join(cut.split()),
    )


def _shown(record: ListedConversation, found: Found | None) -> FoundConversation:
    title = record.name or readable(record.question, record.question_type)
    return FoundConversation(
        id=record.id,
        bot_id=record.bot_id,
        user_id=record.user_id,
        title=" ".join(title[:_TITLE].split()),
        created_at=record.created_at,
        found=found,
    )
