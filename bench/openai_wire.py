"""Compares the latency of the two protocols: the same turns with the same server, alternately on each.

    python -m bench.openai_wire [--turns 12]

A turn is a typed message, an interruption of its answer by a spoken question, and the answer to that. Free talk, with
a scripted language model of the embedded one's speed. Both clients send audio in frames of 20 ms, in real time.
"""

import asyncio
import base64
import contextlib
import json
import random
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final, Protocol

import click
import msgspec
import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from kouyu.bench.children import ServerAddress, own_server, serve_command
from kouyu.bench.microphone import Microphone
from kouyu.bench.question_files import spoken_questions
from kouyu.bench.scripted_model import MODEL, scripted_model
from kouyu.bench.spoken_question import SpokenQuestion
from kouyu.client.voice_client import UPLINK_AUDIO
from kouyu.domain.speech_rate import SPEECH_RATE

PATIENCE_S: Final = 60.0
CONFIG: Final = """[engines]
tts = ["hibari"]
[[bots]]
id = "bench"
[bots.model]
base_url = "{model}"
model = "{name}"
"""
SILENCE_MS: Final = 500
AUDIO, STARTED = "audio", "speech started"


class Turn(msgspec.Struct, frozen=True):
    """What one turn took, in ms."""

    typed: float
    """From sending a message to the first audio of its answer."""
    barge_in: float
    """From the first sample of speech over the answer until the client is told."""
    spoken: float
    """From the last sample of speech to the first audio of the answer."""


class Talk(Protocol):
    """A connection by one of the protocols."""

    async def begin(self) -> None:
        """Switch to free talk."""
        ...

    async def write(self, text: str) -> None:
        """Send a typed message and ask for its answer."""
        ...

    async def send_audio(self, pcm: bytes) -> None:
        """Send a frame, 16 bit at SPEECH_RATE."""
        ...

    def is_event(self, what: str, message: dict[str, Any]) -> bool:
        """Whether a message of the server is AUDIO or STARTED."""
        ...


class CozeTalk:
    """Coze's protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def begin(self) -> None:
        detection = {"type": "server_vad", "silence_duration_ms": SILENCE_MS}
        await self._send("chat.update", {"input_audio": UPLINK_AUDIO, "turn_detection": detection})

    async def write(self, text: str) -> None:
        message = {"role": "user", "content_type": "text", "content": text}
        await self._send("conversation.message.create", message)

    async def send_audio(self, pcm: bytes) -> None:
        await self._send("input_audio_buffer.append", {"delta": base64.b64encode(pcm).decode()})

    def is_event(self, what: str, message: dict[str, Any]) -> bool:
        types = {AUDIO: "conversation.audio.delta", STARTED: "input_audio_buffer.speech_started"}
        return bool(message["event_type"] == types[what])

    async def _send(self, event_type: str, data: dict[str, Any]) -> None:
        await self._socket.send(json.dumps({"id": "1", "event_type": event_type, "data": data}))


class OpenAITalk:
    """OpenAI's protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def begin(self) -> None:
        detection = {"type": "server_vad", "silence_duration_ms": SILENCE_MS}
        session = {"type": "realtime", "audio": {"input": {"turn_detection": detection}}}
        await self._send("session.update", session=session)

    async def write(self, text: str) -> None:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        await self._send("conversation.item.create", item=item)
        await self._send("response.create")

    async def send_audio(self, pcm: bytes) -> None:
        samples = np.frombuffer(pcm, "<i2")
        at = np.arange(len(samples) * 3 // 2) * 2 / 3  # 24 kHz
        finer = np.interp(at, np.arange(len(samples)), samples).astype("<i2").tobytes()
        await self._send("input_audio_buffer.append", audio=base64.b64encode(finer).decode())

    def is_event(self, what: str, message: dict[str, Any]) -> bool:
        types = {AUDIO: "response.output_audio.delta", STARTED: "input_audio_buffer.speech_started"}
        return bool(message["type"] == types[what])

    async def _send(self, event_type: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": event_type, **fields}))


class Ears:
    """When what came."""

    def __init__(self, talk: Talk, socket: ClientConnection) -> None:
        self._talk = talk
        self._socket = socket
        self._waiting: dict[str, asyncio.Future[float]] = {}

    async def listen(self) -> None:
        """Until cancelled."""
        async for text in self._socket:
            now = asyncio.get_running_loop().time()
            for what, waiting in self._waiting.items():
                if not waiting.done() and self._talk.is_event(what, json.loads(text)):
                    waiting.set_result(now)

    def next(self, what: str) -> asyncio.Future[float]:
        """When the next one of these comes."""
        self._waiting[what] = asyncio.get_running_loop().create_future()
        return self._waiting[what]


async def turn(talk: Talk, ears: Ears, microphone: Microphone, question: SpokenQuestion) -> Turn:
    """Write, interrupt, and ask aloud."""
    clock = asyncio.get_running_loop().time
    async with asyncio.timeout(PATIENCE_S):
        answered, sent = ears.next(AUDIO), clock()
        await talk.write(question.text)
        typed = await answered - sent
        await asyncio.sleep(0.5 + random.random() / 20)
        started = ears.next(STARTED)
        said = await microphone.say(question.samples)
        told = await started
        answered = ears.next(AUDIO)
        spoken = await answered - (said + question.speech_end / SPEECH_RATE)
        await asyncio.sleep(9)  # the answer is played
    return Turn(1000 * typed, 1000 * (told - said - question.speech_start / SPEECH_RATE), 1000 * spoken)


@contextlib.asynccontextmanager
async def talking(
    address: ServerAddress, path: str, make: Callable[[ClientConnection], Talk]
) -> AsyncIterator[tuple[Talk, Ears, Microphone]]:
    """A connection with an open microphone."""
    headers = {"Authorization": f"Bearer {address.token}"}
    url = address.http.replace("http", "ws") + path
    async with connect(url, additional_headers=headers, max_size=None) as socket:
        talk = make(socket)
        ears, microphone = Ears(talk, socket), Microphone(talk)
        await talk.begin()
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(ears.listen()), tasks.create_task(microphone.stay_open())]
            yield talk, ears, microphone
            for one in running:
                one.cancel()


async def compare(turns: int) -> dict[str, list[Turn]]:
    """The turns of each protocol; the first of each is not counted."""
    done: dict[str, list[Turn]] = {"Coze": [], "OpenAI": []}
    questions = [one for one in spoken_questions("en") if "story" not in one.name]
    with tempfile.TemporaryDirectory(prefix="kouyu-bench-") as name:
        folder = Path(name)
        async with scripted_model("en") as model:
            (folder / "kouyu.toml").write_text(CONFIG.format(model=model, name=MODEL))
            command = serve_command(folder, folder / "kouyu.toml")
            async with (
                own_server(folder, *command) as (address, _),
                talking(address, "/v1/chat?bot_id=bench", CozeTalk) as coze,
                talking(address, "/openai/v1/realtime?model=bench", OpenAITalk) as openai,
            ):
                for number in range(turns + 1):
                    for protocol, side in (("Coze", coze), ("OpenAI", openai)):
                        took = await turn(*side, questions[number % len(questions)])
                        done[protocol] += [took] if number else []
    return done


@click.command()
@click.option("--turns", type=click.IntRange(1), default=12, help="Turns of each protocol.")
def main(turns: int) -> None:
    """Compare the latency of both protocols."""
    done = asyncio.run(compare(turns))
    for field in Turn.__struct_fields__:
        coze, openai = ([getattr(one, field) for one in done[protocol]] for protocol in ("Coze", "OpenAI"))
        more = statistics.median(openai) - statistics.median(coze)
        sys.stdout.write(
            f"{field:9} Coze {statistics.median(coze):5.0f} ms, OpenAI {statistics.median(openai):5.0f} ms "
            f"({more:+.0f}; medians of {len(coze)})\n"
        )


if __name__ == "__main__":
    main()
