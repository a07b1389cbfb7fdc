"""Conversations over REST (rest.md 3): the same as in ``/v1/chat``, so one started here continues there."""

import time
from collections.abc import Awaitable, Callable, Collection
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Guard
from msgspec import Meta

from kouyu.agents.flow import DEFAULT_CONVERSATION_NAME
from kouyu.domain.content import TextPart, parse_parts
from kouyu.domain.errors import BAD_REQUEST, UnknownId
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.entered_messages import EnterMessage, Pairs, at_most, entered_messages, entered_pairs
from kouyu.server.rest.ids import Id, OptionalId
from kouyu.server.rest.messages import WhichConversation, conversation_of_query, known_conversation
from kouyu.server.rest.paging import PageNumber
from kouyu.server.rest.typed import typed_body, typed_query
from kouyu.store.conversations import ConversationRecord, CreateConversation
from kouyu.store.errors import UnknownConversation
from kouyu.store.message_writes import AddMessage
from kouyu.store.store import Store
from kouyu.text_chats.chat_request import EnteredMessage
from kouyu.text_chats.text_chats import TextChats

_MOST_MESSAGES: Final = 16
_LONGEST_NAME: Final = 100
_PAGE: Final = 50

_Name = Annotated[str, Meta(max_length=_LONGEST_NAME)]
T = TypeVar("T")
BotsOf = Callable[[str], Collection[str]]


class NewConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A new conversation. Without a name it is named after its first message."""

    bot_id: OptionalId = ""
    name: _Name = ""
    conversation_name: Annotated[_Name, Meta(description="The same as name, for conversations with a workflow.")] = ""
    get_or_create: Annotated[
        bool,
        Meta(description="Return the conversation of this name with the same bot, app or workflow, if there is one."),
    ] = False
    app_id: OptionalId = ""
    workflow_id: OptionalId = ""
    messages: tuple[EnterMessage, ...] = ()
    meta_data: Pairs = {}


class ConversationChanges(msgspec.Struct, frozen=True):
    """Changes of a conversation."""

    name: _Name = ""


class ConversationsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a bot's conversations; latest first by default."""

    bot_id: Id
    page_num: PageNumber = 1
    page_size: Annotated[int, Meta(ge=1, le=_PAGE)] = _PAGE
    sort_order: Literal["ASC", "DESC", "asc", "desc"] = "DESC"


class ShownConversation(msgspec.Struct, frozen=True):
    """A conversation as the SDKs read it. Times are Unix seconds."""

    id: str
    created_at: int
    updated_at: int
    meta_data: dict[str, str]
    name: str
    creator_id: str
    last_section_id: str


class ConversationList(msgspec.Struct, frozen=True):
    """One page; ``has_more`` tells whether another follows."""

    conversations: list[ShownConversation]
    has_more: bool


class NewSection(msgspec.Struct, frozen=True):
    """The new section: older messages are no longer context."""

    id: str
    conversation_id: str


def conversation_routes(store: Store, guard: Guard, bots_of: BotsOf, chats: TextChats) -> list[HTTPRouteHandler]:
    """The route handlers; ``bots_of`` returns the ids of the bots that an
    owner's conversation can be created for."""
    return [
        *_reading_routes(store, guard),
        _create_route(store, guard, bots_of),
        *_changing_routes(store, guard, chats),
    ]


def _reading_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    @get(
        "/v1/conversation/retrieve",
        guards=[guard],
        opt=described("One conversation", "Conversations", query=WhichConversation, data=ShownConversation),
    )
    async def retrieve(request: Request[Any, Any, Any]) -> Response[bytes]:
        return answer_success(request, _shown(await conversation_of_query(store, request)))

    @get(
        "/v1/conversations",
        guards=[guard],
        opt=described("A bot's conversations", "Conversations", query=ConversationsQuery, data=ConversationList),
    )
    async def listed(request: Request[Any, Any, Any]) -> Response[bytes]:
        wanted = typed_query(request, ConversationsQuery)
        page = await store.of(request.user.owner).conversations.list_by_bot(
            wanted.bot_id,
            page_num=wanted.page_num,
            page_size=wanted.page_size,
            order="asc" if wanted.sort_order.upper() == "ASC" else "desc",
        )
        shown = [_shown(record) for record in page.conversations]
        return answer_success(request, ConversationList(shown, page.has_more))

    return [retrieve, listed]


def _create_route(store: Store, guard: Guard, bots_of: BotsOf) -> HTTPRouteHandler:
    @post(
        "/v1/conversation/create",
        guards=[guard],
        opt=described("Begin a conversation", "Conversations", body=NewConversation, data=ShownConversation),
    )
    async def create(request: Request[Any, Any, Any]) -> Response[bytes]:
        wanted = await typed_body(request, NewConversation)
        bot_id = wanted.bot_id
        if bot_id and bot_id not in bots_of(request.user.owner):
            raise UnknownId("bot", bot_id)
        at_most(_MOST_MESSAGES, wanted.messages, "messages", BAD_REQUEST)
        entered = entered_messages(wanted.messages, "messages")
        conversation_id, now = store.ids.next_id(), int(time.time())
        place = {"conversation_id": conversation_id, "section_id": conversation_id, "bot_id": bot_id}
        conversation = CreateConversation(
            id=conversation_id,
            bot_id=bot_id,
            created_at=now,
            name=wanted.name or wanted.conversation_name or _first_words(entered),
            meta_data=entered_pairs(wanted.meta_data),
        )
        mine = store.of(request.user.owner)
        if wanted.get_or_create:
            named = _named(wanted, conversation)
            found = await mine.conversations.find_or_create(named)
            if found != named.id:
                return answer_success(request, _shown(await known_conversation(mine, found)))
        inserted = [AddMessage(each.placed(store.ids.next_id(), **place), now) for each in entered]
        await mine.write(conversation, *inserted)
        return answer_success(request, _shown(await known_conversation(mine, conversation_id)))

    return create


def _named(wanted: NewConversation, conversation: CreateConversation) -> CreateConversation:
    """The conversation by which one of the same name is found: it is of the bot, else of the app or workflow."""
    name = wanted.name or wanted.conversation_name or DEFAULT_CONVERSATION_NAME
    of_id = wanted.bot_id or wanted.app_id or wanted.workflow_id
    return msgspec.structs.replace(conversation, name=name, bot_id=of_id)


def _changing_routes(store: Store, guard: Guard, chats: TextChats) -> list[HTTPRouteHandler]:
    @put(
        "/v1/conversations/{conversation_id:str}",
        guards=[guard],
        opt=described("Rename a conversation", "Conversations", body=ConversationChanges, data=ShownConversation),
    )
    async def update(request: Request[Any, Any, Any], conversation_id: FromPath[str]) -> Response[bytes]:
        name = (await typed_body(request, ConversationChanges)).name
        mine = store.of(request.user.owner)
        if name:
            await _of_known(conversation_id, mine.conversations.rename(conversation_id, name))
        return answer_success(request, _shown(await known_conversation(mine, conversation_id)))

    @delete(
        "/v1/conversations/{conversation_id:str}",
        guards=[guard],
        opt=described("Delete a conversation with its messages and recordings", "Conversations"),
        status_code=200,
    )
    async def remove(request: Request[Any, Any, Any], conversation_id: FromPath[str]) -> Response[bytes]:
        mine = store.of(request.user.owner)
        await known_conversation(mine, conversation_id)
        await chats.forget(mine.owner, conversation_id)
        await mine.conversations.delete(conversation_id)
        return answer_success(request, {})

    @post(
        "/v1/conversations/{conversation_id:str}/clear",
        guards=[guard],
        opt=described("Begin a new section", "Conversations", data=NewSection),
    )
    async def clear(request: Request[Any, Any, Any], conversation_id: FromPath[str]) -> Response[bytes]:
        section_id = await _of_known(conversation_id, chats.begin_section(request.user.owner, conversation_id))
        return answer_success(request, NewSection(section_id, conversation_id))

    return [update, remove, clear]


async def _of_known(conversation_id: str, change: Awaitable[T]) -> T:
    try:
        return await change
    except UnknownConversation as fault:
        raise UnknownId("conversation", conversation_id) from fault


def _first_words(entered: tuple[EnteredMessage, ...]) -> str:
    """The name of a conversation that is given none: the start of its first message."""
    if not entered:
        return ""
    first = entered[0]
    if first.content_type == "text":
        return first.content[:_LONGEST_NAME]
    texts = (part.text for part in parse_parts(first.content) if isinstance(part, TextPart))
    return next(texts, "")[:_LONGEST_NAME]


def _shown(record: ConversationRecord) -> ShownConversation:
    return ShownConversation(
        id=record.id,
        created_at=record.created_at,
        updated_at=record.updated_at,
        meta_data=record.meta_data,
        name=record.name,
        creator_id=record.user_id,
        last_section_id=record.section_id,
    )
