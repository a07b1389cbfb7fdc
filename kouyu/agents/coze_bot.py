"""An agent that is a bot on a Coze or Coze Studio server, asked through its ``/v3/chat`` (rest.md 4.2).

Every question carries the section and nothing is saved there, so that the bot knows exactly what the user has heard.
Tools that the bot requests from its caller run at the client.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from typing import Any, Final, TypeVar

import httpx
import msgspec

from kouyu.agents.agent import (
    AgentError,
    AgentEvent,
    AgentRequest,
    ContextMessage,
    FollowUp,
    TextDelta,
    ThoughtDelta,
    TokenUsage,
    ToolCallRequest,
)
from kouyu.agents.attachments import Attachments, spoken_text
from kouyu.agents.context import BRIDGE, INSTRUCTIONS
from kouyu.agents.event_stream import EventDecoder, EventTooLong
from kouyu.agents.markup.events import without_markup
from kouyu.agents.reaching import Reach, reach
from kouyu.agents.streaming_http import in_time, streaming_client
from kouyu.agents.upstream_faults import BROKE_OFF, UNREADABLE, UpstreamError, detail_in_log, refusal
from kouyu.domain.chats import LastError, Usage
from kouyu.domain.messages import Role
from kouyu.domain.tool_calls import Function, ToolCall
from kouyu.engines.http_body import body_pieces
from kouyu.text.untrusted_json import decode_untrusted

T = TypeVar("T")

log = logging.getLogger(__name__)

_MOST_MESSAGES: Final = 100
"""Most entries in additional_messages (rest.md 4)."""
_CHATS_REMEMBERED: Final = 1000
_ANONYMOUS: Final = "anonymous"
_DOCUMENT_TOKENS: Final = 4000
_MOST_REFUSAL_BYTES: Final = 65_536


class CozeEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A Coze server and one bot on it."""

    base_url: str
    """The URL before ``/v3/chat``."""
    token: str
    bot_id: str
    headers: dict[str, str] = {}
    """Added to every request."""
    timeout_s: float = 20.0
    """Time-out until the answer begins, and between events."""
    ask_early: bool = False
    """Whether to send the request before the turn is committed."""


class _Message(msgspec.Struct, frozen=True):
    type: str = ""
    content: str = ""
    reasoning_content: str | None = None


class _Call(msgspec.Struct, frozen=True):
    id: str = ""
    type: str = ""
    function: Function | None = None


class _Calls(msgspec.Struct, frozen=True):
    tool_calls: tuple[_Call, ...] = ()


class _Action(msgspec.Struct, frozen=True):
    """Empty for chats that wait for no tools."""

    submit_tool_outputs: _Calls | None = None


class _Chat(msgspec.Struct, frozen=True):
    id: str = ""
    conversation_id: str = ""
    usage: Usage | None = None
    last_error: LastError | None = None
    required_action: _Action | None = None


class _Fault(msgspec.Struct, frozen=True):
    code: int = 0
    msg: str = ""


class CozeBot:
    """An Agent that asks a bot on a Coze server."""

    def __init__(self, endpoint: CozeEndpoint, *, attachments: Attachments | None = None) -> None:
        """``attachments`` replaces documents in messages with their text."""
        self._endpoint = endpoint
        self._attachments = attachments
        self._waiting: OrderedDict[tuple[str, str], _Chat] = OrderedDict()
        """That server's chats that wait for tools, by our conversation and the first call's id."""
        self._base_url = endpoint.base_url.rstrip("/")
        self._place = self._base_url.rpartition("@")[2]
        self._http = streaming_client(self._base_url, {"Authorization": f"Bearer {endpoint.token}", **endpoint.headers})

    @property
    def address(self) -> str:
        """The server's address, without credentials."""
        return self._place

    @property
    def model_name(self) -> str:
        """The bot that answers there."""
        return f"bot {self._endpoint.bot_id}"

    async def reach(self) -> Reach:
        """Whether the server answers."""
        return await reach(self._http, f"{self._base_url}/v1/bots/{self._endpoint.bot_id}")

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer. Closing the generator closes the HTTP stream. Raises AgentError."""
        return without_markup(self._reply(request))

    async def _reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        if not self._endpoint.ask_early:
            await request.committed()
        path, query, body = self._outputs(request) if request.tool_rounds else await self._question(request)
        yield TextDelta("")
        said = [message.content for message in request.messages]
        secrets = (self._endpoint.token, *self._endpoint.headers.values())
        with detail_in_log(log, f"Coze bot {self._endpoint.bot_id} at {self._place}", secrets=secrets, said=said):
            async with aclosing(self._told(request, path, query, body)) as told:
                async for event in told:
                    yield event

    async def _told(
        self, request: AgentRequest, path: str, query: dict[str, str], body: dict[str, Any]
    ) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer to one request to the server."""
        response = await self._in_time(self._send(path, query, body))
        async with aclosing(response), aclosing(self._events(response)) as events:
            async for name, data in events:
                for event in self._take(name, data, request):
                    yield event
                if name in ("conversation.chat.completed", "conversation.chat.requires_action"):
                    return
        raise self._error(BROKE_OFF)

    async def _question(self, request: AgentRequest) -> tuple[str, dict[str, str], dict[str, Any]]:
        messages = request.messages[-_MOST_MESSAGES:]
        if self._attachments is not None:
            messages = await self._attachments.resolved(
                messages, request.owner, images=False, document_tokens=_DOCUMENT_TOKENS
            )
        return (
            "/v3/chat",
            {},
            {
                "bot_id": self._endpoint.bot_id,
                "user_id": request.user_id or _ANONYMOUS,
                "stream": True,
                "auto_save_history": False,
                "additional_messages": _enter_messages(messages, request.options.instructions or ""),
                "custom_variables": request.custom_variables,
                "extra_params": request.extra_params,
                "parameters": request.parameters,
            },
        )

    def _outputs(self, request: AgentRequest) -> tuple[str, dict[str, str], dict[str, Any]]:
        """Build the request that gives a waiting chat the outputs of its tools."""
        latest = request.tool_rounds[-1]
        chat = self._waiting.pop((request.conversation_id, latest.calls[0].id), None)
        if chat is None:
            raise self._error("it does not wait for the outputs of these tools any more: ask again")
        query = {"conversation_id": chat.conversation_id, "chat_id": chat.id}
        return "/v3/chat/submit_tool_outputs", query, {"stream": True, "tool_outputs": latest.outputs}

    async def _send(self, path: str, query: dict[str, str], body: dict[str, Any]) -> httpx.Response:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        sent = self._http.build_request(
            "POST", self._base_url + path, params=query, content=msgspec.json.encode(body), headers=headers
        )
        response = await self._http.send(sent, stream=True)
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return response
        async with aclosing(response):
            raise self._refusal(response.status_code, await self._in_time(_beginning(response)))

    async def _events(self, response: httpx.Response) -> AsyncGenerator[tuple[str, bytes], None]:
        decoder, pieces = EventDecoder(), body_pieces(response)
        try:
            while (piece := await self._in_time(anext(pieces, None))) is not None:
                for event in decoder.feed_named(piece):
                    yield event
                    await asyncio.sleep(0)  # thousands of events may have come together: others run in between
            for event in decoder.finish_named():
                yield event
        except EventTooLong as fault:
            raise self._error(f"it sent {fault}") from fault

    def _take(self, name: str, data: bytes, request: AgentRequest) -> Sequence[AgentEvent]:
        """Convert one event of the stream. Raises AgentError for an event that reports a failure."""
        try:
            match name:
                case "conversation.message.delta":
                    message = decode_untrusted(data, _Message)
                    thoughts = [ThoughtDelta(message.reasoning_content)] if message.reasoning_content else []
                    return [*thoughts, TextDelta(message.content)] if message.type in ("answer", "") else []
                case "conversation.message.completed" if request.follow_up:
                    message = decode_untrusted(data, _Message)
                    return [FollowUp(message.content)] if message.type == "follow_up" else []
                case "conversation.chat.requires_action":
                    return [ToolCallRequest(self._wait(decode_untrusted(data, _Chat), request))]
                case "conversation.chat.completed":
                    usage = decode_untrusted(data, _Chat).usage or Usage()
                    return [TokenUsage(usage.input_count, usage.output_count)]
                case "conversation.chat.failed":
                    fault = decode_untrusted(data, _Chat).last_error or LastError(0, "the chat failed")
                    raise self._error(f"the chat failed (code {fault.code})", fault.msg)
                case "error":
                    told = decode_untrusted(data, _Fault)
                    raise self._error(f"it refused the request (code {told.code})", told.msg)
        except msgspec.DecodeError as fault:
            raise self._error(UNREADABLE, f"{name}: {fault}") from fault
        return []

    def _wait(self, chat: _Chat, request: AgentRequest) -> tuple[ToolCall, ...]:
        wanted = (chat.required_action or _Action()).submit_tool_outputs or _Calls()
        calls = tuple(ToolCall(id=call.id, function=call.function) for call in wanted.tool_calls if call.function)
        if not calls:
            raise self._error("it requested tools but listed none")
        self._waiting[(request.conversation_id, calls[0].id)] = chat
        if len(self._waiting) > _CHATS_REMEMBERED:
            self._waiting.popitem(last=False)
        return calls

    async def _in_time(self, step: Awaitable[T]) -> T:
        return await in_time(step, self._endpoint.timeout_s, self._error)

    def _refusal(self, status: int, body: bytes) -> AgentError:
        try:
            told = decode_untrusted(body, _Fault)
        except msgspec.DecodeError:
            told = _Fault()
        if told.msg:
            return self._error(f"it refused the request (code {told.code})", f"HTTP {status}: {told.msg}")
        return self._error(refusal(status), f"HTTP {status}")

    def _error(self, what: str, detail: str = "") -> AgentError:
        return UpstreamError(f"Coze bot {self._endpoint.bot_id}: {what}", detail=detail)


async def _beginning(response: httpx.Response) -> bytes:
    """The body, as far as a refusal can be long."""
    body = b""
    async for piece in body_pieces(response):
        body += piece
        if len(body) > _MOST_REFUSAL_BYTES:
            break
    return body


def _enter_messages(messages: Sequence[ContextMessage], instructions: str) -> list[dict[str, str]]:
    """Convert messages to enter_message objects (rest.md 3.1); files have already been replaced with text.

    Instructions become the user's words, marked as such: the bot's own prompt cannot be changed from outside.
    """
    entered = [_entered("user", f"[{INSTRUCTIONS}: {instructions}]")] if instructions else []
    for message in messages:
        if text := spoken_text(message):
            of_system = message.role == "system"
            entered.append(_entered(message.role, f"[{INSTRUCTIONS}: {text}]" if of_system else text))
    if not entered or entered[-1]["role"] != "user":
        entered.append(_entered("user", BRIDGE))
    return entered


def _entered(role: Role, text: str) -> dict[str, str]:
    is_said = role == "assistant"
    return {
        "role": "assistant" if is_said else "user",
        "type": "answer" if is_said else "question",
        "content": text,
        "content_type": "text",
    }
