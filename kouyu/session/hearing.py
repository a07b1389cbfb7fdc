"""The user's audio on its way through voice activity."""

import asyncio
from collections.abc import Callable
from typing import Final

import numpy as np

from kouyu.audio.pcm import Samples
from kouyu.conversation.inputs import LISTENING_RATE, SpeechProbability
from kouyu.engines.vad.detector import VoiceActivityDetector

MOST_WAITING_S: Final = 30
"""Audio that may wait to be judged. Beyond that reading from the client waits, so that it is slowed down."""


class Hearing:
    """Feeds voice activity with whatever audio has come meanwhile, and reports its judgements in order."""

    def __init__(self, detector: VoiceActivityDetector, report: Callable[[SpeechProbability], None]) -> None:
        self._stream = detector.open()
        self._report = report
        self._waiting: list[Samples] = []
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()

    def put(self, samples: Samples) -> None:
        """More audio of the user's, to be judged after what came before."""
        self._waiting.append(samples)
        self._changed.set()

    async def room(self) -> None:
        """Wait until the audio that has not been judged is less than MOST_WAITING_S."""
        while sum(map(len, self._waiting)) > MOST_WAITING_S * LISTENING_RATE:
            self._taken.clear()
            await self._taken.wait()

    async def run(self) -> None:
        """Judge until cancelled. Raises EngineError when voice activity is gone."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            waiting, self._waiting = self._waiting, []
            self._taken.set()
            for judgement in await self._stream.feed(np.concatenate(waiting)):
                self._report(SpeechProbability(*judgement))

    def close(self) -> None:
        """The session has ended."""
        self._stream.close()
