"""A language model with OpenAI's API that repeats the user's last message, so that an answer shows whose it is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from kouyu.bench.local_app import local_app

MODEL: Final = "echo"
BEGINNING: Final = "You said: "
_TOKEN_S: Final = 0.02


@contextlib.asynccontextmanager
async def echo_model() -> AsyncIterator[str]:
    """Serve it on a free port of this machine while the block runs; its base URL."""
    async with local_app(_complete, "echo model") as url:
        yield f"{url}/v1"


async def _complete(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for piece in (BEGINNING, *(f"{word} " for word in _last_words(body).split())):
        await send(_chunk({"content": piece}, None))
        await asyncio.sleep(_TOKEN_S)
    await send(_chunk({}, "stop"))
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})


def _last_words(body: bytes) -> str:
    messages = msgspec.json.decode(body)["messages"] if body else []
    content = next((each["content"] for each in reversed(messages) if each["role"] == "user"), "")
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def _chunk(delta: dict[str, str], finish_reason: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk = {"id": "echo", "object": "chat.completion.chunk", "created": 0, "model": MODEL, "choices": [choice]}
    return {"type": "http.response.body", "body": b"data: " + msgspec.json.encode(chunk) + b"\n\n", "more_body": True}
