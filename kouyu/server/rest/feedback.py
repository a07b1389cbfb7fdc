"""Readers' feedback on messages (rest.md 3.1)."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, delete, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Guard
from msgspec import Meta

from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError, UnknownId
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.messages import known_conversation
from kouyu.server.rest.typed import typed_body
from kouyu.store.errors import UnknownMessage
from kouyu.store.feedback import FeedbackType
from kouyu.store.owned_store import OwnedStore
from kouyu.store.store import Store

_PATH: Final = "/v1/conversations/{conversation_id:str}/messages/{message_id:str}/feedback"


class GivenFeedback(msgspec.Struct, frozen=True, kw_only=True):
    """A reader's feedback; it replaces earlier feedback."""

    feedback_type: FeedbackType
    reason_types: Annotated[tuple[Annotated[str, Meta(max_length=100)], ...], Meta(max_length=20)] = ()
    comment: Annotated[str, Meta(max_length=2000)] = ""


def feedback_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers."""

    @post(_PATH, guards=[guard], opt=described("Give feedback on a message", "Conversations", body=GivenFeedback))
    async def give(
        request: Request[Any, Any, Any], conversation_id: FromPath[str], message_id: FromPath[str]
    ) -> Response[bytes]:
        mine = store.of(request.user.owner)
        await _known_message(mine, conversation_id, message_id)
        given = await typed_body(request, GivenFeedback)
        try:
            await mine.feedback.put(
                message_id, given.feedback_type, reason_types=given.reason_types, comment=given.comment
            )
        except UnknownMessage as fault:  # deleted meanwhile
            raise ProtocolError(errors.MESSAGE_NOT_FOUND, str(fault)) from fault
        return answer_success(request, {})

    @delete(_PATH, guards=[guard], opt=described("Take that back", "Conversations"), status_code=200)
    async def take_back(
        request: Request[Any, Any, Any], conversation_id: FromPath[str], message_id: FromPath[str]
    ) -> Response[bytes]:
        mine = store.of(request.user.owner)
        await _known_message(mine, conversation_id, message_id)
        await mine.feedback.delete(message_id)
        return answer_success(request, {})

    return [give, take_back]


async def _known_message(store: OwnedStore, conversation_id: str, message_id: str) -> None:
    """Raises ProtocolError if the message is not in the conversation."""
    await known_conversation(store, conversation_id)
    if await store.messages.get(conversation_id, message_id) is None:
        raise UnknownId("message", message_id)
