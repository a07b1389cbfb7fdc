"""Pipecat: a bot as its own examples make one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

import msgspec

from bench.peers.bot_process import ROOT, bot
from bench.peers.bot_talk import BotServer
from bench.peers.engines import same_engines
from bench.peers.language_model import peers_model
from bench.peers.peer import PeerOptions, Server

PYTHON: Final = ROOT / ".venv-peers/bin/python"


class Pipecat(msgspec.Struct, frozen=True):
    """The peer. ``turns``: by silence, as kouyu, or by its own default, Smart Turn."""

    turns: Literal["silence", "smart"]
    python: Path = PYTHON
    packages: tuple[str, ...] = ("pipecat-ai", "faster-whisper", "ctranslate2", "onnxruntime", "piper-tts")

    @property
    def end_of_turn(self) -> str:
        return {"silence": "500 ms of silence", "smart": "Smart Turn"}[self.turns]

    @asynccontextmanager
    async def running(self, options: PeerOptions) -> AsyncIterator[Server]:
        async with peers_model() as model:
            told = same_engines(options) | model.as_options() | {"end_of_turn": self.turns}
            async with bot(self.python, "pipecat_bot.py", told) as port:
                yield BotServer(port)
