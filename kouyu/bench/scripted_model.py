"""A scripted language model: fixed sentences at the speed of the embedded model, with OpenAI's API.

It ignores its input. For measuring a language that the embedded model does not speak, with a model of the same speed
but without its CPU load, which a report must say.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from kouyu.bench.local_app import local_app

FIRST_TOKEN_S: Final = 0.070
TOKEN_S: Final = 0.009
"""Time per token of the embedded model, warm, on an idle core."""
MODEL: Final = "scripted"

ANSWERS: Final = {
    "en": "That is a good question. Let me tell you what I know about it, in a few words, and then you can ask more.",
    "zh": "这是个好问题。让我用几句话告诉你我所知道的，然后你可以接着问。",
}
_TOKEN_CHARACTERS: Final = {"en": 4, "zh": 2}


@contextlib.asynccontextmanager
async def scripted_model(language: str, *, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve the model for ``language`` on a free port of this machine while the block runs; yields its base URL."""
    async with local_app(_Completions(language), "scripted model", host=host) as url:
        yield f"{url}/v1"


def tokens(language: str) -> list[str]:
    """The answer as the deltas that are streamed."""
    answer, size = ANSWERS[language], _TOKEN_CHARACTERS[language]
    return [answer[begin : begin + size] for begin in range(0, len(answer), size)]


class _Completions:
    """An ASGI application that answers every POST with the same stream."""

    def __init__(self, language: str) -> None:
        self._tokens = tokens(language)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        started = time.monotonic()
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, token in enumerate(self._tokens):
            await asyncio.sleep(started + FIRST_TOKEN_S + number * TOKEN_S - time.monotonic())
            await send(_body(_chunk({"content": token}, None)))
        await send(_body(_chunk({}, "stop")))
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})


def _chunk(delta: dict[str, str], finish_reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk = {"id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": MODEL, "choices": [choice]}
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


def _body(data: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": True}
