"""Hugging Face's speech-to-speech: its own server, with Piper as one more of its voices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

import msgspec

from bench.peers.announcing_model import announcing_model
from bench.peers.bot_process import ROOT, bot
from bench.peers.engines import same_engines
from bench.peers.language_model import peers_model
from bench.peers.openai_talk import OpenAIServer
from bench.peers.peer import PeerNotInstalled, PeerOptions, Server
from bench.peers.pipecat_side import PYTHON as PIPECATS_PYTHON

_SMART_TURN: Final = "lib/python*/site-packages/pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"
"""Its weights, which come in Pipecat's package."""
PYTHON: Final = ROOT / ".venv-peers-s2s/bin/python"


class SpeechToSpeech(msgspec.Struct, frozen=True):
    """The peer. ``turns``: by silence, as kouyu, or as it comes: 64 ms of silence, and Smart Turn."""

    turns: Literal["silence", "smart"]
    python: Path = PYTHON
    packages: tuple[str, ...] = (
        *("speech-to-speech", "silero-vad", "torch", "transformers", "faster-whisper", "ctranslate2", "piper-tts"),
    )

    @property
    def end_of_turn(self) -> str:
        return {"silence": "500 ms of silence", "smart": "64 ms of silence, then Smart Turn"}[self.turns]

    @asynccontextmanager
    async def running(self, options: PeerOptions) -> AsyncIterator[Server]:
        # It takes neither examples nor a text to speak: the endpoint in between adds them.
        async with peers_model() as model, announcing_model(model) as url:
            asked = {
                "base_url": url,
                "model": model.endpoint.model,
                "system": model.system,
                "smart_turn": _smart_turn(),
            }
            told = same_engines(options) | asked | {"end_of_turn": self.turns}
            async with bot(self.python, "speech_to_speech_bot.py", told) as port:
                yield OpenAIServer(f"ws://127.0.0.1:{port}/v1/realtime", silence_ms=None)


def _smart_turn() -> str:
    found = sorted(PIPECATS_PYTHON.parents[1].glob(_SMART_TURN))
    if not found:
        raise PeerNotInstalled("its Smart Turn's weights come with Pipecat: `make bench-peers` installs that")
    return str(found[0])
