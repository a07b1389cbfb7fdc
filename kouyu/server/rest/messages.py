"""What was said, over REST: the messages of a conversation and those of one chat (rest.md 3.1 and 4)."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard
from msgspec import Meta

from kouyu.protocol import errors
from kouyu.protocol.downlink import ContentType, MessageType, Role
from kouyu.protocol.errors import ProtocolError
from kouyu.server.rest.answers import answer_success
from kouyu.store.errors import UnknownMessage
from kouyu.store.message_writes import MessageRecord
from kouyu.store.store import Store

_LIMIT: Final = 50


class _Message(msgspec.Struct, frozen=True):
    """As the SDKs read it (downlink.md 2.2); built from a MessageRecord."""

    id: str
    conversation_id: str
    bot_id: str
    chat_id: str
    section_id: str
    role: Role
    type: MessageType
    content: str
    content_type: ContentType
    meta_data: dict[str, str]
    reasoning_content: str
    created_at: int
    updated_at: int


class _Listing(msgspec.Struct, frozen=True):
    """The body of a list request. SDKs send null, "" and 0 for what is not set (rest.md 1.3)."""

    order: Literal["asc", "desc", ""] | None = None
    chat_id: str | None = None
    before_id: str | None = None
    after_id: str | None = None
    limit: Annotated[int, Meta(ge=0, le=_LIMIT)] | None = None


def message_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers."""

    @post("/v1/conversation/message/list", guards=[guard])
    async def of_conversation(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation_id = await _conversation(store, request)
        wanted = _listing(await request.body())
        try:
            page = await store.messages.list(
                conversation_id,
                chat_id=wanted.chat_id,
                before_id=wanted.before_id,
                after_id=wanted.after_id,
                limit=wanted.limit or _LIMIT,
                order=wanted.order or "desc",
            )
        except UnknownMessage as fault:
            raise ProtocolError(errors.MESSAGE_NOT_FOUND, str(fault)) from fault
        ends = {"first_id": page.first_id, "last_id": page.last_id, "has_more": page.has_more}
        return answer_success(request, [_shown(record) for record in page.messages], **ends)

    @get("/v1/conversation/message/retrieve", guards=[guard])
    async def one(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation_id = await _conversation(store, request)
        message_id = request.query_params.get("message_id", "")
        record = await store.messages.get(conversation_id, message_id)
        if record is None:
            raise ProtocolError(errors.MESSAGE_NOT_FOUND, f"there is no message {message_id[:100]!r}")
        return answer_success(request, _shown(record))

    @get("/v3/chat/message/list", guards=[guard])
    async def of_chat(request: Request[Any, Any, Any]) -> Response[bytes]:
        conversation_id = await _conversation(store, request)
        chat_id = request.query_params.get("chat_id", "")
        chat = await store.chats.get(chat_id)
        if chat is None or chat.conversation_id != conversation_id:
            raise ProtocolError(errors.NOT_FOUND, f"there is no chat {chat_id[:100]!r}")
        records = await store.messages.of_chat(chat_id)
        return answer_success(request, [_shown(record) for record in records if record.type != "question"])

    return [of_conversation, one, of_chat]


async def _conversation(store: Store, request: Request[Any, Any, Any]) -> str:
    """The id of the conversation that the query names. Raises ProtocolError where there is none."""
    conversation_id: str = request.query_params.get("conversation_id", "")
    if await store.conversations.get(conversation_id) is None:
        raise ProtocolError(errors.CONVERSATION_NOT_FOUND, f"there is no conversation {conversation_id[:100]!r}")
    return conversation_id


def _listing(body: bytes) -> _Listing:
    try:
        return msgspec.json.decode(body or b"null", type=_Listing | None) or _Listing()
    except msgspec.DecodeError as fault:
        raise ProtocolError(errors.BAD_REQUEST, f"the body: {fault}") from fault


def _shown(record: MessageRecord) -> _Message:
    return msgspec.convert(record, _Message, from_attributes=True)
