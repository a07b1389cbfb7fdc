"""``/v3/chat`` and ``/v1/workflows/chat``: text chats with the bots and flows of ``/v1/chat`` (rest.md 4)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from litestar import Request, Response, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from litestar.types import Guard

from kouyu.agents.agent import Agent
from kouyu.domain import errors
from kouyu.domain.chats import Chat
from kouyu.domain.errors import ProtocolError, UnknownId
from kouyu.server.access.rest_authentication import RestAuthenticator
from kouyu.server.openapi.operation import described
from kouyu.server.peers.peers import Peers
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.chat_requests import (
    CreateChat,
    CreateWorkflowChat,
    GivenOutputs,
    WhereToChat,
    asked_of_bot,
    asked_of_flow,
)
from kouyu.server.rest.chat_shape import kept_chat, shown_chat
from kouyu.server.rest.chat_stream import FLOW_DONE, streamed
from kouyu.server.rest.messages import WhichChat, known_conversation
from kouyu.server.rest.typed import typed_body, typed_query
from kouyu.server.sockets.client_acceptance import unknown
from kouyu.store.chats import OPEN_STATUSES, ChatRecord
from kouyu.store.servers import ServerRecord
from kouyu.store.store import Store
from kouyu.text_chats.chat_request import ChatRequest
from kouyu.text_chats.event_stream import EventStream
from kouyu.text_chats.text_chat import TextChat
from kouyu.text_chats.text_chats import TextChats

Asking = Request[Any, Any, Any]
_SHOWN: Final = 100


def chat_routes(store: Store, chats: TextChats, rest: RestAuthenticator, peers: Peers) -> list[HTTPRouteHandler]:
    """The route handlers. Requests about a chat that another server runs go to ``peers``."""
    return [
        *_beginning_routes(store, chats, rest),
        *_reading_routes(store, rest.text),
        *_changing_routes(store, chats, rest.text, peers),
    ]


def _beginning_routes(store: Store, chats: TextChats, rest: RestAuthenticator) -> list[HTTPRouteHandler]:
    @post(
        "/v3/chat",
        guards=[rest.text],
        opt=described("Ask a bot", "Chats", query=WhereToChat, body=CreateChat, data=Chat),
        status_code=200,
    )
    async def create(request: Asking) -> Response[bytes] | Stream:
        wanted = await typed_body(request, CreateChat)
        agent = await _bot(store, request, wanted.bot_id, chats)
        asked = asked_of_bot(wanted, typed_query(request, WhereToChat).conversation_id, agent, request.auth)
        await _check_audio(rest, request, asked)
        return await _answer(request, chats, wanted.stream, lambda stream: chats.begin(asked, stream))

    @post(
        "/v1/workflows/chat",
        guards=[rest.text],
        opt=described("Ask a flow", "Chats", body=CreateWorkflowChat, answer="events"),
        status_code=200,
    )
    async def create_with_flow(request: Asking) -> Stream:
        wanted = await typed_body(request, CreateWorkflowChat)
        asked = asked_of_flow(wanted, _known("workflow", wanted.workflow_id, chats.flows), request.auth)
        _permitted(request, wanted.bot_id, wanted.workflow_id)
        if wanted.bot_id:
            await _bot(store, request, wanted.bot_id, chats)
        await _check_audio(rest, request, asked)
        return await streamed(chats, lambda stream: chats.begin(asked, stream), FLOW_DONE)

    return [create, create_with_flow]


def _reading_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    @route(
        "/v3/chat/retrieve",
        http_method=["GET", "POST"],
        guards=[guard],
        opt=described("One chat", "Chats", query=WhichChat, data=Chat),
        status_code=200,
    )
    async def retrieve(request: Asking) -> Response[bytes]:
        return answer_success(request, kept_chat(await _kept(store, request)))

    return [retrieve]


def _changing_routes(store: Store, chats: TextChats, guard: Guard, peers: Peers) -> list[HTTPRouteHandler]:
    @post(
        "/v3/chat/submit_tool_outputs",
        guards=[guard],
        opt=described(
            "Continue with the outputs of the client's tools", "Chats", query=WhichChat, body=GivenOutputs, data=Chat
        ),
        status_code=200,
    )
    async def submit(request: Asking) -> Response[bytes] | Stream:
        which = typed_query(request, WhichChat)
        given = await typed_body(request, GivenOutputs)
        if holder := await _holder(store, peers, request, which):
            return await peers.pass_on(request, holder)
        return await _answer(
            request,
            chats,
            given.stream,
            lambda stream: chats.submit(
                request.user.owner, which.conversation_id, which.chat_id, given.tool_outputs, stream
            ),
        )

    @post(
        "/v3/chat/cancel",
        guards=[guard],
        opt=described("Cancel a running chat", "Chats", body=WhichChat, data=Chat),
        status_code=200,
    )
    async def cancel(request: Asking) -> Response[bytes] | Stream:
        which = await typed_body(request, WhichChat)
        if holder := await _holder(store, peers, request, which):
            return await peers.pass_on(request, holder)
        cancelled = await chats.cancel(request.user.owner, which.conversation_id, which.chat_id)
        return answer_success(request, shown_chat(cancelled))

    return [submit, cancel]


async def _holder(store: Store, peers: Peers, request: Asking, which: WhichChat) -> ServerRecord | None:
    """The other server that runs this chat; None: the request is answered here. Raises TryLater, StoreError."""
    chat = await store.of(request.user.owner).chats.get(which.chat_id)
    if chat is not None and chat.status not in OPEN_STATUSES:
        return None
    return await peers.holder(request, which.chat_id)


async def _check_audio(rest: RestAuthenticator, request: Asking, asked: ChatRequest) -> None:
    """Raises TryLater if a recording is sent and the token has no audio left for today."""
    if asked.is_spoken:
        await rest.check_audio(request.user)


async def _answer(
    request: Asking, chats: TextChats, stream: bool, begin: Callable[[EventStream | None], Awaitable[TextChat]]
) -> Response[bytes] | Stream:
    """Answer with the chat as a stream, or with its state in progress, for clients that poll (rest.md 4.1)."""
    if stream:
        return await streamed(chats, begin)
    return answer_success(request, shown_chat(await (await begin(None)).started()))


async def _bot(store: Store, request: Asking, wanted: str, chats: TextChats) -> Agent:
    """The agent of a bot. Raises ProtocolError if the bot does not exist or is not published."""
    known = chats.bots_of(request.user.owner)
    if wanted not in known and await store.of(request.user.owner).bots.get(wanted) is not None:
        raise ProtocolError(errors.NOT_PUBLISHED, f"the bot {wanted[:_SHOWN]!r} is not published")
    agent = _known("bot", wanted, known)
    _permitted(request, wanted)
    return agent


def _permitted(request: Asking, bot_id: str, workflow_id: str = "") -> None:
    """Raises ProtocolError if the token is for other bots alone."""
    if refusal := request.user.refuses_bot(bot_id, workflow_id):
        raise ProtocolError(errors.FORBIDDEN, refusal)


def _known(kind: str, wanted: str, known: Mapping[str, Agent]) -> Agent:
    """The agent with this id. Raises ProtocolError if there is none."""
    if fault := unknown(kind, wanted, known):
        raise ProtocolError(errors.NOT_FOUND, fault)
    return known[wanted]


async def _kept(store: Store, request: Asking) -> ChatRecord:
    """The stored chat that the query names. Raises ProtocolError if it was not saved."""
    which = typed_query(request, WhichChat)
    mine = store.of(request.user.owner)
    await known_conversation(mine, which.conversation_id)
    chat = await mine.chats.get(which.chat_id)
    if chat is None or chat.conversation_id != which.conversation_id:
        raise UnknownId("chat", which.chat_id, "in this conversation")
    return chat
