"""kouyu: `kouyu serve` with its default settings but for the voice, by one of its two protocols."""

import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from bench.peers.announcing_model import announcing_model
from bench.peers.language_model import TIER
from bench.peers.openai_talk import OpenAIServer
from bench.peers.peer import AUDIO, FORGOTTEN, SILENCE_MS, STOP, TRANSCRIPT, PeerOptions, Server, Talk
from kouyu.bench.children import ServerAddress, own_server, serve_command
from kouyu.bench.scripted_model import MODEL
from kouyu.client.voice_client import UPLINK_AUDIO, Event, VoiceClient, open_client

_ANNOUNCER: Final = "announcer"
_CONFIG: Final = """
[engines]
tts = ["piper"]

[engines.whisper]
weights = "{whisper}"

[[bots]]
id = "kouyu"
name = "Kouyu"

[[bots]]
id = "{announcer}"
[bots.model]
base_url = "{url}"
model = "{model}"
"""
_BYTES_A_MS: Final = 24 * 2
_PLAYED_AS_SENT: Final = {"period": 1, "max_frame_num": 50}
_CONFIGURATION: Final = {
    "input_audio": UPLINK_AUDIO,
    "turn_detection": {"type": "server_vad", "silence_duration_ms": SILENCE_MS},
    "output_audio": {"codec": "pcm", "pcm_config": {"sample_rate": 24_000}},
}


class Kouyu(msgspec.Struct, frozen=True):
    """The server itself."""

    protocol: Literal["coze", "openai"]
    python: Path = Path(sys.executable)
    packages: tuple[str, ...] = ("kouyu", "ctranslate2", "onnxruntime", "piper-tts")
    end_of_turn: str = "500 ms of silence"

    @asynccontextmanager
    async def running(self, options: PeerOptions) -> AsyncIterator[Server]:
        with tempfile.TemporaryDirectory(prefix="kouyu-bench-") as name:
            folder = Path(name)
            config = folder / "kouyu.toml"
            async with announcing_model() as url:
                names = {"whisper": options.whisper, "announcer": _ANNOUNCER, "url": url, "model": MODEL}
                config.write_text(_CONFIG.format(**names), encoding="utf-8")
                async with own_server(folder, *serve_command(folder, config, tier=TIER)) as (address, _):
                    yield CozeServer(address) if self.protocol == "coze" else _openai(address)


def _openai(address: ServerAddress) -> Server:
    url = address.http.replace("http", "ws") + "/openai/v1/realtime"
    return OpenAIServer(url, token=address.token, announcer=_ANNOUNCER, silence_ms=SILENCE_MS)


class CozeTalk:
    """A conversation by Coze's protocol."""

    def __init__(self, client: VoiceClient) -> None:
        self._client = client

    async def send_audio(self, pcm: bytes) -> None:
        await self._client.send_audio(pcm)

    async def announce(self, text: str) -> None:
        await self._client.send("input_text.generate_audio", {"mode": "text", "text": text})

    async def forget(self) -> None:
        await self._client.send("conversation.chat.cancel")
        await self._client.send("conversation.clear")

    async def events(self) -> AsyncGenerator[Event, None]:
        async for event in self._client.events():
            if (translated := _event(event)) is not None:
                yield translated


def _event(event: Event) -> Event | None:
    match event.type:
        case "conversation.audio.delta":
            return Event(event.at, AUDIO, len(event.audio) / _BYTES_A_MS)
        case "conversation.chat.canceled":
            return Event(event.at, STOP, None)
        case "conversation.audio_transcript.completed":
            return Event(event.at, TRANSCRIPT, event.data["content"])
        case "conversation.cleared":
            return Event(event.at, FORGOTTEN, None)
        case "error":
            return event
        case _:
            return None


class CozeServer:
    """kouyu by Coze's protocol."""

    def __init__(self, address: ServerAddress) -> None:
        self._address = address

    @asynccontextmanager
    async def talk(self, *, announcing: bool = False) -> AsyncIterator[Talk]:
        async with open_client(self._address.http, self._address.token) as client:
            await client.send("chat.update", _configuration(played_as_sent=announcing))
            yield CozeTalk(client)


def _configuration(*, played_as_sent: bool) -> dict[str, Any]:
    """``played_as_sent``: the server sends at the speed of playout, so that it knows what is being played."""
    if not played_as_sent:
        return _CONFIGURATION
    pcm = {"sample_rate": 24_000, "frame_size_ms": 20, "limit_config": _PLAYED_AS_SENT}
    return {**_CONFIGURATION, "output_audio": {"codec": "pcm", "pcm_config": pcm}}
