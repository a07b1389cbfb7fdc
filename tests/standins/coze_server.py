"""A stand-in for a Coze server's ``/v3/chat``: real HTTP on 127.0.0.1, the stream written as rest.md 4.2 has it.

    async with coze_stand_in() as coze:
        coze.will(Answer("Hello ", "there."), Tools(("call_1", "weather", "{}")))

Each request takes the next answer. ``coze.requests`` keeps what came in: path, query and body.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.standins.connections import serving
from tests.standins.http_requests import read_request

TOKEN = "pat_stand_in"
_FINISH = '{"msg_type":"generate_answer_finish","data":"{\\"finish_reason\\":0,\\"FinData\\":\\"\\"}"}'


class Answer:
    """Answer with these pieces."""

    def __init__(self, *pieces: str, hang_after: int | None = None) -> None:
        self.pieces = pieces
        self.hang_after = hang_after


class Tools:
    """Ask for tools: (id, name, arguments)."""

    def __init__(self, *calls: tuple[str, str, str]) -> None:
        self.calls = calls


@dataclass(frozen=True)
class Fail:
    """A chat that fails in the middle."""

    code: int
    msg: str


@dataclass(frozen=True)
class Refuse:
    """No stream: an HTTP status with a JSON body."""

    status: int
    code: int
    msg: str


@dataclass
class Received:
    """A request as it came in."""

    path: str
    query: dict[str, str]
    body: dict[str, Any]
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)


class CozeStandIn:
    """The running stand-in."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}"
        self.requests: list[Received] = []
        self._answers: deque[Answer | Tools | Fail | Refuse] = deque()

    def will(self, *answers: Answer | Tools | Fail | Refuse) -> None:
        """Give these answers to the next requests."""
        self._answers.extend(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request on a connection of its own."""
        if (arrived := await read_request(reader)) is None:
            return
        body = json.loads(arrived.body or b"{}")
        target = urlsplit(arrived.target)
        request = Received(target.path, dict(parse_qsl(target.query)), body)
        self.requests.append(request)
        if arrived.headers.get("authorization") != f"Bearer {TOKEN}":
            await _refuse(writer, Refuse(401, 4100, "authentication is invalid"))
            return
        if fault := _fault_of(request):
            await _refuse(writer, Refuse(400, 4000, fault))
            return
        answer = self._answers.popleft()
        if isinstance(answer, Refuse):
            await _refuse(writer, answer)
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        limit = answer.hang_after if isinstance(answer, Answer) else None
        for number, (event, data) in enumerate(_events(answer, body.get("bot_id", "7"))):
            if limit is not None and number == limit:
                await reader.read()
                request.hung_up.set()
                return
            text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
            writer.write(f"event:{event}\ndata:{text}\n\n".encode())
            await writer.drain()


def _fault_of(request: Received) -> str:
    body = request.body
    if request.path == "/v3/chat/submit_tool_outputs":
        missing = [name for name in ("conversation_id", "chat_id") if name not in request.query]
        outputs = body.get("tool_outputs") or [{}]
        missing += [name for name in ("tool_call_id", "output") if any(name not in each for each in outputs)]
    elif request.path == "/v3/chat":
        missing = [name for name in ("bot_id", "user_id") if not body.get(name)]
        messages = body.get("additional_messages", [])
        missing += ["content"] if any(not isinstance(each.get("content"), str) for each in messages) else []
        missing += ["at most 100 messages"] if len(messages) > 100 else []
    else:
        return f"no such path: {request.path}"
    return f"missing or wrong: {', '.join(missing)}" if missing else ""


def _events(answer: Answer | Tools | Fail, bot_id: str) -> Iterator[tuple[str, Any]]:
    """The stream of one chat, in rest.md's typical order."""

    def chat(status: str, **more: Any) -> dict[str, Any]:
        nothing = {"type": "", "submit_tool_outputs": {"tool_calls": []}}
        base = {"id": "chat9", "conversation_id": "conv9", "bot_id": bot_id, "created_at": 1, "status": status}
        usage = {"token_count": 0, "output_count": 0, "input_count": 0}
        error = {"code": 0, "msg": ""}
        return base | {"last_error": error, "required_action": nothing, "usage": usage, "section_id": "conv9"} | more

    def message(kind: str, content: str) -> dict[str, Any]:
        ids = {"id": "m9", "conversation_id": "conv9", "bot_id": bot_id, "chat_id": "chat9"}
        return ids | {"role": "assistant", "type": kind, "content": content, "content_type": "text"}

    yield "conversation.chat.created", chat("created")
    yield "conversation.chat.in_progress", chat("in_progress")
    match answer:
        case Answer():
            for piece in answer.pieces:
                yield "conversation.message.delta", message("answer", piece)
            yield "conversation.message.completed", message("answer", "".join(answer.pieces))
            yield "conversation.message.completed", message("verbose", _FINISH)
            yield "conversation.message.completed", message("follow_up", "And you?")
            usage = {"token_count": 30, "output_count": 10, "input_count": 20}
            yield "conversation.chat.completed", chat("completed", usage=usage)
        case Tools():
            calls = [
                {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
                for call_id, name, arguments in answer.calls
            ]
            action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
            yield "conversation.chat.requires_action", chat("requires_action", required_action=action)
        case Fail(code, msg):
            yield "conversation.chat.failed", chat("failed", last_error={"code": code, "msg": msg})
    yield "done", '"[DONE]"'


async def _refuse(writer: asyncio.StreamWriter, answer: Refuse) -> None:
    body = json.dumps({"code": answer.code, "msg": answer.msg}).encode()
    head = f"HTTP/1.1 {answer.status} No\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    writer.write(f"{head}\r\nconnection: close\r\n\r\n".encode() + body)
    await writer.drain()


@asynccontextmanager
async def coze_stand_in() -> AsyncIterator[CozeStandIn]:
    """Run the stand-in on a free port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stand_in.serve(reader, writer)

    async with serving(serve) as port:
        stand_in = CozeStandIn(port)
        yield stand_in
