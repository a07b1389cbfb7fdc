"""Stand-ins for the fuzzed server's upstreams: models, a voice, a recogniser, a flow, files; well-behaved or hostile.

    python -m bench.fuzz.peers SEED SECONDS

Prints ``{"http": …}`` when it is ready. Paths below ``/calm`` behave well. Each request below ``/hostile`` gets another
answer that a broken or hostile endpoint could send. All of a server's sessions share voice and recogniser, so these
misbehave on request: for the voice ``hostile``, for the prompt HOSTILE. Endless answers end after SECONDS.
"""

import asyncio
import contextlib
import json
import random
import sys
from collections.abc import AsyncIterator
from typing import Any, Final

import numpy as np

from bench.fuzz.values import Values
from kouyu.bench.local_app import local_app

HOSTILE: Final = "hostile"
CALM_ANSWER: Final = "Paris is the capital of France, and it lies on the Seine."
QUESTION: Final = "What is the capital of France?"
_SPEECH_RATE: Final = 24_000
_LARGEST: Final = 3_000_000

Pieces = AsyncIterator[bytes]


class Peers:
    """An ASGI application."""

    def __init__(self, seed: int, endless_s: float) -> None:
        self._endless_s = endless_s
        self._values = Values(random.Random(seed), _LARGEST)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        path: str = scope["path"]
        hostile = path.startswith(f"/{HOSTILE}")
        match path.rpartition("/")[2]:
            case "completions":
                answer = self._hostile_model() if hostile else _calm_model()
            case "speech":
                answer = self._hostile_sound() if json.loads(body)["voice"] == HOSTILE else _sound(json.loads(body))
            case "transcriptions":
                answer = self._hostile_transcript() if HOSTILE.encode() in body else _json({"text": QUESTION})
            case "flow":
                answer = self._hostile_flow()
            case _:
                answer = self._file()
        status, kind, pieces = answer
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]})
        try:
            async with asyncio.timeout(self._endless_s):
                async for piece in pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except TimeoutError:
            pass
        await send({"type": "http.response.body", "body": b""})

    def _hostile_model(self) -> tuple[int, str, Pieces]:
        values, stream = self._values, "text/event-stream"
        text = values.text()
        arguments = values.random.choice(("{}", "[" * 5000, text[:200_000], '{"a":'))
        call = {"index": 0, "id": "call_1", "function": {"name": "lookup", "arguments": arguments}}
        match values.random.randrange(14):
            case 0 | 1 | 2:
                return 200, stream, _events([_delta(text)])
            case 3 | 4:
                size = values.random.choice((1, 7, 100))
                small = text[:20_000]
                return 200, stream, _events([_delta(small[at : at + size]) for at in range(0, len(small), size)])
            case 5:
                return 200, stream, _endless([_delta(text[: values.random.choice((1, 40, 4000))])])
            case 6:
                return 200, stream, _endless([{"choices": [{"delta": {"reasoning_content": text[:100]}}]}])
            case 7:
                return 200, stream, _events([{"choices": [{"delta": {"tool_calls": [call]}}]}], "tool_calls")
            case 8:
                calls = [{**call, "index": number, "id": f"call_{number}"} for number in range(2000)]
                return 200, stream, _events([{"choices": [{"delta": {"tool_calls": calls}}]}], "tool_calls")
            case 9:
                return (
                    values.random.choice((400, 401, 429, 500, 503)),
                    "text/html",
                    _raw(text.encode("utf-8", "replace")),
                )
            case 10:
                broken = (
                    b"data: {\n\n",
                    b"data: \xff\n\n",
                    b"\x00" * 100_000,
                    b"data: [DONE]\n\n",
                    b"data: []\n\n",
                    b"",
                )
                return 200, stream, _raw(values.random.choice(broken))
            case 11:
                return 200, "application/json", _raw(json.dumps({"choices": [{"message": {"content": text}}]}).encode())
            case 12:
                usage = {"choices": [], "usage": {"prompt_tokens": values.wrong(), "completion_tokens": values.wrong()}}
                return 200, stream, _events([_delta("Yes."), usage, {"choices": values.wrong()}])
            case _:
                return 200, stream, _events([{"choices": [{"delta": {"content": values.wrong()}}]}])

    def _hostile_sound(self) -> tuple[int, str, Pieces]:
        chosen = self._values.random
        match chosen.randrange(5):
            case 0:
                return 200, "audio/pcm", _raw(chosen.randbytes(self._values.size()))
            case 1:
                return 200, "audio/pcm", _raw(b"")
            case 2:
                return chosen.choice((400, 404, 429, 500)), "text/plain", _raw(b"no voice today")
            case 3:
                return 200, "audio/pcm", _repeated(bytes(9_601))
            case _:
                return 200, "audio/pcm", _raw(b"\x01")

    def _hostile_transcript(self) -> tuple[int, str, Pieces]:
        chosen = self._values.random
        text = self._values.text(100_000)
        return chosen.choice(
            (
                _json({"text": text, "language": "en"}),
                _json({"text": text}),
                _json({"text": "   "}),
                _json({"text": self._values.wrong()}),
                (200, "application/json", _raw(b"\xff{")),
                (500, "text/plain", _raw(text.encode("utf-8", "replace"))),
            )
        )

    def _hostile_flow(self) -> tuple[int, str, Pieces]:
        text = self._values.text()
        match self._values.random.randrange(5):
            case 0:
                return 200, "text/plain", _raw(text.encode("utf-8", "replace"))
            case 1:
                return 200, "text/plain", _repeated(text[:1000].encode("utf-8", "replace"))
            case 2:
                return _json({"answer": text[:900_000]})
            case 3:
                return (
                    200,
                    "text/event-stream",
                    _raw(f"data: {json.dumps({'delta': text})}\n\ndata: [DONE]\n\n".encode()),
                )
            case _:
                return 500, "text/plain", _raw(b"no")

    def _file(self) -> tuple[int, str, Pieces]:
        chosen = self._values.random
        size = self._values.size()
        match chosen.randrange(5):
            case 0:
                return (
                    200,
                    "text/html",
                    _raw(
                        (chosen.choice(("<p>x</p>", "<b><i>", "<!--", "<", "&amp;", "<script>")) * size)[:size].encode()
                    ),
                )
            case 1:
                return 200, "text/plain", _raw(self._values.text().encode("utf-8", "replace"))
            case 2:
                return 200, "application/pdf", _raw(b"%PDF-1.7\n" + chosen.randbytes(min(size, 100_000)))
            case 3:
                return 200, "application/octet-stream", _repeated(bytes(65_536))
            case _:
                return 200, "image/png", _raw(b"\x89PNG\r\n\x1a\n" + chosen.randbytes(size))


def _calm_model() -> tuple[int, str, Pieces]:
    return 200, "text/event-stream", _events([_delta(f"{word} ") for word in CALM_ANSWER.split()])


def _sound(asked: dict[str, Any]) -> tuple[int, str, Pieces]:
    seconds = min(2.0, 0.05 * len(asked["input"]))
    tone = 3000 * np.sin(np.arange(int(seconds * _SPEECH_RATE)) * (2 * np.pi * 300 / _SPEECH_RATE))
    return 200, "audio/pcm", _raw(tone.astype("<i2").tobytes())


def _json(value: Any) -> tuple[int, str, Pieces]:
    return 200, "application/json", _raw(json.dumps(value).encode())


def _delta(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


async def _events(chunks: list[dict[str, Any]], finish: str = "stop") -> Pieces:
    for chunk in chunks:
        yield b"data: " + json.dumps(chunk).encode() + b"\n\n"
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    yield b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]\n\n"


async def _endless(chunks: list[dict[str, Any]]) -> Pieces:
    data = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
    async for piece in _repeated(data):
        yield piece


async def _repeated(data: bytes) -> Pieces:
    while True:
        yield data
        await asyncio.sleep(0.002)


async def _raw(data: bytes) -> Pieces:
    for start in range(0, len(data), 65_536):
        yield data[start : start + 65_536]


async def _serve(seed: int, endless_s: float) -> None:
    async with local_app(Peers(seed, endless_s), "peers") as url:
        print(json.dumps({"http": url, "token": ""}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
