"""A stand-in for an OpenAI-compatible server: real HTTP on 127.0.0.1, answers from a script.

    async with openai_stand_in() as model:
        model.will(Say("Hello ", "there."), Refuse(429, "slow down"), call_tools(ToolCallScript("weather", "{}")))
        endpoint = ModelEndpoint(base_url=model.base_url, model="stand-in")

Each request takes the next answer; when none is left, or a ``script`` is given, that is asked. The default says the
question back. ``model.requests`` keeps what came in, ``await request.hung_up.wait()`` sees a client go away early.
"""

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Any

from tests.standins.connections import serving
from tests.standins.http_requests import read_request

_CREATED = 1_767_225_600
_ERROR_TYPES = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("unavailable_error", None),
}


@dataclass(frozen=True)
class ToolCallScript:
    """A tool call the model makes; the arguments are streamed in pieces of a few characters."""

    name: str
    arguments: str
    id: str = "call_1"


@dataclass(frozen=True, kw_only=True)
class Pace:
    """When what is sent goes out, in seconds."""

    before_headers_s: float = 0.0
    before_first_s: float = 0.0
    between_s: float = 0.0


class Say:
    """Answer with text, one chunk for each piece."""

    def __init__(
        self,
        *pieces: str,
        thoughts: tuple[str, ...] = (),
        tool_calls: tuple[ToolCallScript, ...] = (),
        finish_reason: str | None = None,
        prompt_tokens: int = 11,
        usage: bool = True,
        pace: Pace | None = None,
        pings: bool = False,
        line_end: str = "\n",
        die_after: int | None = None,
        hang_after: int | None = None,
        hurry: threading.Event | None = None,
    ) -> None:
        """``usage=False`` ignores ``stream_options``. ``die_after`` and ``hang_after`` count chunks after the first
        one, which holds the role: the connection is cut, or nothing more comes. Once ``hurry`` is
        set, what is left comes without a pause."""
        self.pieces = pieces
        self.thoughts = thoughts
        self.tool_calls = tool_calls
        self.finish_reason = finish_reason or ("tool_calls" if tool_calls else "stop")
        self.prompt_tokens = prompt_tokens
        self.usage = usage
        self.pace = pace or Pace()
        self.pings = pings
        self.line_end = line_end
        self.die_after = die_after
        self.hang_after = hang_after
        self.hurry = hurry

    @property
    def completion_tokens(self) -> int:
        """One for each piece of text or thought, and one for each tool call."""
        return len(self.pieces) + len(self.thoughts) + len(self.tool_calls)


def call_tools(*calls: ToolCallScript) -> Say:
    """Answer with tool calls alone."""
    return Say(tool_calls=calls)


@dataclass(frozen=True)
class Refuse:
    """Answer with an OpenAI error body."""

    status: int
    message: str


@dataclass(frozen=True)
class Raw:
    """Answer with these bytes as the body of a 200, in these pieces."""

    pieces: tuple[bytes, ...]
    content_type: str = "text/event-stream"
    pause_s: float = 0.0


@dataclass(frozen=True)
class HangUp:
    """Close the connection without a byte."""


@dataclass(frozen=True)
class Hang:
    """Never answer."""


Answer = Say | Refuse | Raw | HangUp | Hang


@dataclass
class ReceivedRequest:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: int
    """Which of the connections it came on, counted from 0."""
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client closed the connection before the whole answer was sent."""
    chunks_sent: int = 0
    answered: bool = False
    """Whether the whole answer has been sent."""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The chat so far."""
        messages: list[dict[str, Any]] = self.body["messages"]
        return messages


Script = Callable[[ReceivedRequest], Answer]


def echo(request: ReceivedRequest) -> Answer:
    """Say the last message back, word by word."""
    content = request.messages[-1]["content"]
    return Say(*[f"{word} " for word in str(content).split()])


class OpenAIStandIn:
    """The running stand-in."""

    def __init__(self, port: int, script: Script, api_key: str) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.requests: list[ReceivedRequest] = []
        self._script = script
        self._api_key = api_key
        self._answers: deque[Answer] = deque()
        self._arrivals: asyncio.Queue[ReceivedRequest] = asyncio.Queue()

    def will(self, *answers: Answer) -> None:
        """Give these answers to the next requests, before the script is asked again."""
        self._answers.extend(answers)

    async def arrival(self) -> ReceivedRequest:
        """The next request that nobody has waited for yet."""
        return await self._arrivals.get()

    def answer_to(self, request: ReceivedRequest) -> Answer:
        """What the request gets; one that OpenAI would refuse is refused."""
        self.requests.append(request)
        self._arrivals.put_nowait(request)
        if self._api_key and request.headers.get("authorization") != f"Bearer {self._api_key}":
            return Refuse(401, "Incorrect API key provided.")
        if (request.method, request.path) != ("POST", "/v1/chat/completions"):
            return Refuse(404, f"Invalid URL ({request.method} {request.path})")
        if fault := fault_of(request.body):
            return Refuse(400, fault)
        return self._answers.popleft() if self._answers else self._script(request)


@asynccontextmanager
async def openai_stand_in(script: Script = echo, *, api_key: str = "", port: int = 0) -> AsyncIterator[OpenAIStandIn]:
    """Run the stand-in, on a free port unless told. With ``api_key``, requests must carry it."""
    numbers = count()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Connection(reader, writer, stand_in, next(numbers)).serve()

    async with serving(serve, port) as bound:
        stand_in = OpenAIStandIn(bound, script, api_key)
        yield stand_in


class _Connection:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stand_in: OpenAIStandIn, number: int
    ) -> None:
        self._number = number
        self._reader = reader
        self._writer = writer
        self._stand_in = stand_in

    async def serve(self) -> None:
        """Requests one after another, until one side hangs up."""
        begun = b""
        while (request := await self._receive(begun)) is not None:
            answer = self._stand_in.answer_to(request)
            sending = asyncio.create_task(self._answer(answer, request))
            # A client says nothing before it has its answer: whatever can be read is the end.
            watching = asyncio.create_task(self._reader.read(1))
            try:
                await asyncio.wait({sending, watching}, return_when=asyncio.FIRST_COMPLETED)
                if not sending.done():
                    request.hung_up.set()
                    return
                if not await sending:
                    return
                request.answered = True
            finally:
                for task in (sending, watching):
                    task.cancel()
                _, read = await asyncio.gather(sending, watching, return_exceptions=True)
            begun = read if isinstance(read, bytes) else b""

    async def _receive(self, begun: bytes) -> ReceivedRequest | None:
        if (arrived := await read_request(self._reader, begun)) is None:
            return None
        body = json.loads(arrived.body or b"{}")
        return ReceivedRequest(arrived.method, arrived.target, arrived.headers, body, self._number)

    async def _answer(self, answer: Answer, request: ReceivedRequest) -> bool:
        """Send the answer. True when the connection may be used again."""
        match answer:
            case Say() if request.body.get("stream"):
                return await self._stream(answer, request)
            case Say():
                await self._whole(200, json.dumps(_completion(answer, request.body["model"])).encode())
            case Refuse(status, message):
                kind, code = _ERROR_TYPES.get(status, ("invalid_request_error", None))
                error = {"message": message, "type": kind, "param": None, "code": code}
                await self._whole(status, json.dumps({"error": error}).encode())
            case Raw(pieces, content_type, pause_s):
                await self._head(f"content-type: {content_type}\r\ntransfer-encoding: chunked")
                for piece in pieces:
                    await self._chunk(piece)
                    await asyncio.sleep(pause_s)
                await self._chunk(b"")
            case HangUp():
                return False
            case Hang():
                await asyncio.Event().wait()
        return True

    async def _stream(self, answer: Say, request: ReceivedRequest) -> bool:
        await asyncio.sleep(answer.pace.before_headers_s)
        await self._head("content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked")
        wanted = bool((request.body.get("stream_options") or {}).get("include_usage")) and answer.usage
        for number, chunk in enumerate(_chunks(answer, request.body["model"], wanted)):
            if number == 1:
                await asyncio.sleep(answer.pace.before_first_s)
            if number - 1 == answer.die_after:
                self._writer.transport.abort()
                return False
            if number - 1 == answer.hang_after:
                await self._ping_forever(answer)
            if number > 1:
                await self._pause(answer)
            await self._event(json.dumps(chunk, ensure_ascii=False), answer)
            request.chunks_sent += 1
        await self._event("[DONE]", answer)
        await self._chunk(b"")
        return True

    async def _pause(self, answer: Say) -> None:
        if answer.hurry is None:
            await asyncio.sleep(answer.pace.between_s)
            return
        until = asyncio.get_running_loop().time() + answer.pace.between_s
        while not answer.hurry.is_set() and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - another thread's
            await asyncio.sleep(0.01)

    async def _ping_forever(self, answer: Say) -> None:
        while True:
            if answer.pings:
                await self._chunk(b": ping\n\n")
            await asyncio.sleep(0.02)

    async def _event(self, data: str, answer: Say) -> None:
        ping = f": ping{answer.line_end * 2}" if answer.pings else ""
        await self._chunk(f"{ping}data: {data}{answer.line_end * 2}".encode())

    async def _whole(self, status: int, body: bytes) -> None:
        await self._head(f"content-type: application/json\r\ncontent-length: {len(body)}", status)
        self._writer.write(body)
        await self._writer.drain()

    async def _head(self, headers: str, status: int = 200) -> None:
        self._writer.write(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{headers}\r\n\r\n".encode())
        await self._writer.drain()

    async def _chunk(self, data: bytes) -> None:
        self._writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self._writer.drain()


def _chunks(answer: Say, model: str, usage: bool) -> Iterator[dict[str, Any]]:
    """The chunks of a completion as OpenAI streams them: role, content, tool calls, finish reason, usage."""

    def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _envelope(model) | {"choices": [choice]} | ({"usage": None} if usage else {})

    yield chunk({"role": "assistant", "content": None if answer.tool_calls else "", "refusal": None})
    for thought in answer.thoughts:
        yield chunk({"reasoning_content": thought})
    for piece in answer.pieces:
        yield chunk({"content": piece})
    for index, call in enumerate(answer.tool_calls):
        begin = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        yield chunk({"tool_calls": [begin]})
        for at in range(0, len(call.arguments), 4):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": call.arguments[at : at + 4]}}]})
    yield chunk({}, answer.finish_reason)
    if usage:
        yield _envelope(model) | {"choices": [], "usage": _usage(answer)}


def _completion(answer: Say, model: str) -> dict[str, Any]:
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in answer.tool_calls
    ]
    message = {"role": "assistant", "content": "".join(answer.pieces), **({"tool_calls": calls} if calls else {})}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
    return _envelope(model) | {"object": "chat.completion", "choices": [choice], "usage": _usage(answer)}


def _envelope(model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": _CREATED, "model": model}


def _usage(answer: Say) -> dict[str, int]:
    total = answer.prompt_tokens + answer.completion_tokens
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": total,
    }


def fault_of(body: dict[str, Any]) -> str:
    """What OpenAI would refuse in a request body; empty when nothing."""
    messages = body.get("messages")
    if not body.get("model"):
        return "you must provide a model parameter"
    if not isinstance(messages, list) or not messages:
        return "[] is too short - 'messages'"
    waiting: set[str] = set()
    for index, message in enumerate(messages):
        role = message.get("role")
        if role not in {"system", "user", "assistant", "tool"}:
            return f"Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', and 'tool'."
        if role == "tool" and message.get("tool_call_id") not in waiting:
            return "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
        if role != "tool" and waiting:
            return f"tool_call_ids did not have response messages: {', '.join(sorted(waiting))}"
        if message.get("content") is None and not message.get("tool_calls"):
            return f"Invalid value for 'content': expected a string, got null. (messages.[{index}].content)"
        waiting.discard(message.get("tool_call_id", ""))
        waiting |= {call["id"] for call in message.get("tool_calls", ())}
    return f"tool_call_ids did not have response messages: {', '.join(sorted(waiting))}" if waiting else ""
