"""A spoken conversation with kouyu is recorded by the proxy, and played to a client that speaks again."""

import asyncio
import functools
import ssl
from pathlib import Path

import pytest

from kouyu.cassettes.format import Header
from kouyu.cassettes.listening import listening
from kouyu.cassettes.reading import read_cassette
from kouyu.cassettes.secrets import Secrets
from kouyu.cassettes.writing import CassetteWriter
from kouyu.client.uplink_audio import read_uplink_audio
from kouyu.client.voice_client import UPLINK_AUDIO, VoiceClient, open_client
from kouyu.player.http_connection import serve_http
from kouyu.player.played_cassette import PlayedCassette
from kouyu.proxy.relay import Recording, relay
from kouyu.proxy.upstream import Upstreams, read_upstream
from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models

PATIENCE_S = 60
FASTER = 4.0
"""The user's audio comes so much faster than it was spoken: samples count, and not time."""


async def converse(url: str, token: str, speech: bytes) -> list[str]:
    """Ask a spoken question with an open microphone; gives the events but audio and interim transcripts."""
    seen: list[str] = []
    async with asyncio.timeout(PATIENCE_S), open_client(url, token) as client:
        await client.send("chat.update", {"input_audio": UPLINK_AUDIO, "turn_detection": {"type": "server_vad"}})
        async with asyncio.TaskGroup() as tasks:
            speaking = tasks.create_task(speak(client, speech))
            async for event in client.events():
                if event.type not in ("conversation.audio.delta", "conversation.audio_transcript.update"):
                    seen.append(event.type)
                if event.type in ("conversation.chat.completed", "error"):
                    break
            speaking.cancel()
    return seen


async def speak(client: VoiceClient, speech: bytes) -> None:
    await client.stream(speech, faster=FASTER)
    await client.stream_silence()


async def test_a_spoken_question_is_recorded_and_played_to_a_client_that_asks_it_again(
    scripted_server: RunningServer, questions: Path, tmp_path: Path
) -> None:
    speech = read_uplink_audio(questions / "en-capital.wav").pcm
    upstream, secrets = read_upstream(scripted_server.http), Secrets()
    writer = CassetteWriter(tmp_path / "made", Header(), secrets)
    upstreams = Upstreams(upstream, upstream, ssl.create_default_context())
    recording = Recording(upstreams, writer, secrets, asyncio.get_running_loop().time)
    async with listening(functools.partial(relay, recording), "127.0.0.1", 0) as port:
        recorded = await converse(f"http://127.0.0.1:{port}", scripted_server.token, speech)
    writer.close()
    assert "input_audio_buffer.speech_stopped" in recorded
    assert recorded[-1] == "conversation.chat.completed"
    played = PlayedCassette(read_cassette(tmp_path / "made"), report=lambda _: None)
    async with listening(functools.partial(serve_http, played), "127.0.0.1", 0) as port:
        assert await converse(f"http://127.0.0.1:{port}", "any", speech) == recorded
        await played.wait_until_over()
    assert played.differences == []
