"""LiveKit Agents: an AgentSession for each connection, without a room."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import msgspec

from bench.peers.bot_process import bot
from bench.peers.bot_talk import BotServer
from bench.peers.engines import same_engines
from bench.peers.language_model import peers_model
from bench.peers.peer import PeerOptions, Server
from bench.peers.pipecat_side import PYTHON


class LiveKit(msgspec.Struct, frozen=True):
    """The peer. ``turns``: by silence, as kouyu, and interrupted by voice activity at once; or as it comes, with its
    turn detector and its rules of interruption."""

    turns: Literal["silence", "detector"]
    python: Path = PYTHON
    packages: tuple[str, ...] = (
        *("livekit-agents", "livekit-local-inference", "livekit-plugins-openai"),
        *("faster-whisper", "ctranslate2", "piper-tts"),
    )

    @property
    def end_of_turn(self) -> str:
        return {"silence": "500 ms of silence", "detector": "turn-detector-v1-mini"}[self.turns]

    @asynccontextmanager
    async def running(self, options: PeerOptions) -> AsyncIterator[Server]:
        async with peers_model() as model:
            told = same_engines(options) | model.as_options() | {"end_of_turn": self.turns}
            async with bot(self.python, "livekit_bot.py", told) as port:
                yield BotServer(port)
