"""A language model that speaks an announcement when asked to, for servers that cannot be told what to say.

All other requests go to another model, with the prompt and sampling that the other peers use.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Final

import httpx
import msgspec

from bench.peers.language_model import PeersModel
from kouyu.bench.local_app import local_app
from kouyu.bench.scripted_model import MODEL, TOKEN_S

ANNOUNCE: Final = "Please say: "
"""A message that begins so is answered with the rest of it."""
_SHORT: Final = "I see."
_TOKEN_CHARACTERS: Final = 4
_TIMEOUT_S: Final = 30.0


@contextlib.asynccontextmanager
async def announcing_model(other: PeersModel | None = None) -> AsyncIterator[str]:
    """Serve the model while the block runs; gives its base URL. Without ``other`` all else is answered shortly."""
    async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client, local_app(_Model(client, other), "announcer") as url:
        yield f"{url}/v1"


class _Model:
    """The ASGI application."""

    def __init__(self, client: httpx.AsyncClient, other: PeersModel | None) -> None:
        self._client = client
        self._other = other

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        asked = msgspec.json.decode(await _body(receive))
        last = asked["messages"][-1]["content"]
        text = last if isinstance(last, str) else " ".join(part.get("text", "") for part in last)
        answering = asyncio.create_task(
            self._forward(self._other, asked, send)
            if self._other is not None and not text.startswith(ANNOUNCE)
            else _say(text.removeprefix(ANNOUNCE) if text.startswith(ANNOUNCE) else _SHORT, asked, send)
        )
        leaving = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
        finally:
            for task in (answering, leaving):
                task.cancel()
            await asyncio.wait((answering, leaving))

    async def _forward(self, other: PeersModel, asked: dict[str, Any], send: Any) -> None:
        said = [message for message in asked["messages"] if message["role"] != "system"]
        opening = [{"role": "system", "content": other.system}, *other.examples]
        body = asked | {"messages": opening + said} | other.endpoint.body
        headers = {"authorization": f"Bearer {other.endpoint.api_key}"} if other.endpoint.api_key else {}
        url = f"{other.endpoint.base_url}/chat/completions"
        async with self._client.stream("POST", url, json=body, headers=headers) as answer:
            await _start(send, answer.status_code, answer.headers.get("content-type", "application/json"))
            async for piece in answer.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _say(text: str, asked: dict[str, Any], send: Any) -> None:
    if not asked.get("stream"):
        await _start(send, HTTPStatus.OK, "application/json")
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        await send({"type": "http.response.body", "body": msgspec.json.encode(_completion("chat.completion", choice))})
        return
    await _start(send, HTTPStatus.OK, "text/event-stream")
    for begin in range(0, len(text), _TOKEN_CHARACTERS):
        await _send_delta(send, {"content": text[begin : begin + _TOKEN_CHARACTERS]}, None)
        await asyncio.sleep(TOKEN_S)
    await _send_delta(send, {}, "stop")
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


async def _send_delta(send: Any, delta: dict[str, str], finish_reason: str | None) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    data = msgspec.json.encode(_completion("chat.completion.chunk", choice))
    await send({"type": "http.response.body", "body": b"data: " + data + b"\n\n", "more_body": True})


def _completion(kind: str, choice: dict[str, Any]) -> dict[str, Any]:
    return {"id": "announcement", "object": kind, "created": 0, "model": MODEL, "choices": [choice]}


async def _start(send: Any, status: int, content_type: str) -> None:
    headers = [(b"content-type", content_type.encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})


async def _body(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _disconnected(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
