"""Messages of a conversation, and of one chat, over REST (rest.md 3.1 and 4)."""

import time
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, get, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard
from msgspec import Meta

from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError, UnknownId
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.entered_messages import (
    Content,
    EnterMessage,
    Pairs,
    TypeOfContent,
    entered_content,
    entered_message,
    entered_pairs,
)
from kouyu.server.rest.ids import OptionalId
from kouyu.server.rest.message_shape import ShownMessage, shown_message, shown_record
from kouyu.server.rest.typed import typed_body
from kouyu.store.conversations import ConversationRecord
from kouyu.store.errors import UnknownConversation, UnknownMessage
from kouyu.store.message_writes import MessageRecord
from kouyu.store.owned_store import OwnedStore
from kouyu.store.store import Store

_LIMIT: Final = 50


class MessagesQuery(msgspec.Struct, frozen=True):
    """The body of a list request. SDKs send null, "" and 0 for fields not set (rest.md 1.3)."""

    order: Literal["asc", "desc", ""] = ""
    chat_id: OptionalId = ""
    before_id: OptionalId = ""
    after_id: OptionalId = ""
    limit: Annotated[int, Meta(ge=0, le=_LIMIT)] = 0


class MessageChanges(msgspec.Struct, frozen=True):
    """Changes of a message."""

    content: Content | None = None
    content_type: TypeOfContent = ""
    meta_data: Pairs = {}


class WhichConversation(msgspec.Struct, frozen=True):
    """One conversation."""

    conversation_id: OptionalId


class WhichMessage(WhichConversation, frozen=True):
    """One message of a conversation."""

    message_id: OptionalId


class WhichChat(WhichConversation, frozen=True):
    """One chat of a conversation."""

    chat_id: OptionalId


class PageEnds(msgspec.Struct, frozen=True):
    """The first and last id of the page; the next one starts after ``last_id``."""

    first_id: str
    last_id: str
    has_more: bool


class ChangedMessage(msgspec.Struct, frozen=True):
    """The message after the change."""

    message: ShownMessage


def message_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers."""
    return [
        _list_route(store, guard),
        _retrieve_route(store, guard),
        _answers_route(store, guard),
        _create_route(store, guard),
        _modify_route(store, guard),
        _delete_route(store, guard),
    ]


def _list_route(store: Store, guard: Guard) -> HTTPRouteHandler:
    @post(
        "/v1/conversation/message/list",
        guards=[guard],
        opt=described(
            "What was said",
            "Conversations",
            query=WhichConversation,
            body=MessagesQuery,
            data=list[ShownMessage],
            beside=PageEnds,
        ),
    )
    async def of_conversation(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation = await conversation_of_query(store, request)
        wanted = await typed_body(request, MessagesQuery)
        try:
            page = await store.of(request.user.owner).messages.list(
                conversation.id,
                chat_id=wanted.chat_id,
                before_id=wanted.before_id,
                after_id=wanted.after_id,
                limit=wanted.limit or _LIMIT,
                order=wanted.order or "desc",
            )
        except UnknownMessage as fault:
            raise ProtocolError(errors.MESSAGE_NOT_FOUND, str(fault)) from fault
        ends = {"first_id": page.first_id, "last_id": page.last_id, "has_more": page.has_more}
        return answer_success(request, [shown_record(record) for record in page.messages], **ends)

    return of_conversation


def _retrieve_route(store: Store, guard: Guard) -> HTTPRouteHandler:
    @route(
        "/v1/conversation/message/retrieve",
        http_method=["GET", "POST"],  # coze-java posts
        guards=[guard],
        status_code=200,
        opt=described("One message", "Conversations", query=WhichMessage, data=ShownMessage),
    )
    async def one(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation = await conversation_of_query(store, request)
        message_id = request.query_params.get("message_id", "")
        record = await store.of(request.user.owner).messages.get(conversation.id, message_id)
        return answer_success(request, shown_record(_found(record, message_id)))

    return one


def _answers_route(store: Store, guard: Guard) -> HTTPRouteHandler:
    @get(
        "/v3/chat/message/list",
        guards=[guard],
        opt=described("The messages that answer a chat's question", "Chats", query=WhichChat, data=list[ShownMessage]),
    )
    async def of_chat(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation = await conversation_of_query(store, request)
        chat_id = request.query_params.get("chat_id", "")
        chat = await store.of(request.user.owner).chats.get(chat_id)
        if chat is None or chat.conversation_id != conversation.id:
            raise UnknownId("chat", chat_id, "in this conversation")
        return answer_success(
            request,
            [shown_record(record) for record in await store.of(request.user.owner).messages.answers_of(chat_id)],
        )

    return of_chat


def _create_route(store: Store, guard: Guard) -> HTTPRouteHandler:
    @post(
        "/v1/conversation/message/create",
        guards=[guard],
        opt=described("Add a message", "Conversations", query=WhichConversation, body=EnterMessage, data=ShownMessage),
    )
    async def create(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation = await conversation_of_query(store, request)
        entered = entered_message(await typed_body(request, EnterMessage))
        message = entered.placed(
            store.ids.next_id(),
            conversation_id=conversation.id,
            section_id=conversation.section_id,
            bot_id=conversation.bot_id,
        )
        now = int(time.time())
        try:
            await store.of(request.user.owner).messages.add(message, now)
        except UnknownConversation as fault:  # deleted meanwhile
            raise ProtocolError(errors.CONVERSATION_NOT_FOUND, str(fault)) from fault
        return answer_success(request, shown_message(message, now))

    return create


def _modify_route(store: Store, guard: Guard) -> HTTPRouteHandler:
    @post(
        "/v1/conversation/message/modify",
        guards=[guard],
        opt=described(
            "Change a message", "Conversations", query=WhichMessage, body=MessageChanges, beside=ChangedMessage
        ),
    )
    async def modify(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation = await conversation_of_query(store, request)
        message_id = request.query_params.get("message_id", "")
        changes = await typed_body(request, MessageChanges)
        before = _found(await store.of(request.user.owner).messages.get(conversation.id, message_id), message_id)
        content, content_type = entered_content(
            before.content if changes.content is None else changes.content,
            changes.content_type or before.content_type,
        )
        record = await store.of(request.user.owner).messages.modify(
            conversation.id,
            message_id,
            content=content if content != before.content else None,
            content_type=content_type,
            meta_data=entered_pairs(changes.meta_data) or None,
        )
        return answer_success(request, None, message=shown_record(_found(record, message_id)))

    return modify


def _delete_route(store: Store, guard: Guard) -> HTTPRouteHandler:
    @post(
        "/v1/conversation/message/delete",
        guards=[guard],
        opt=described("Delete a message", "Conversations", query=WhichMessage, data=ShownMessage),
    )
    async def delete(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation = await conversation_of_query(store, request)
        message_id = request.query_params.get("message_id", "")
        record = await store.of(request.user.owner).messages.delete(conversation.id, message_id)
        return answer_success(request, shown_record(_found(record, message_id)))

    return delete


async def conversation_of_query(store: Store, request: Request[Any, Any, Any]) -> ConversationRecord:
    """Return the conversation of the client's owner that the query names. Raises ProtocolError if there is none."""
    return await known_conversation(store.of(request.user.owner), request.query_params.get("conversation_id", ""))


async def known_conversation(store: OwnedStore, conversation_id: str) -> ConversationRecord:
    """Return the conversation with this id. Raises ProtocolError if there is none."""
    record = await store.conversations.get(conversation_id)
    if record is None:
        raise UnknownId("conversation", conversation_id)
    return record


def _found(record: MessageRecord | None, message_id: str) -> MessageRecord:
    if record is None:
        raise UnknownId("message", message_id)
    return record
