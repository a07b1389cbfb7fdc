"""A simulated microphone: frames of 20 ms in real time, with background noise and spoken questions."""

import asyncio
from typing import Final, Protocol

import numpy as np

from kouyu.audio.pcm import Samples, bytes_from_float
from kouyu.client.voice_client import FRAME_MS
from kouyu.domain.speech_rate import SPEECH_RATE

ROOM_DBFS: Final = -65.0
"""Noise level of a quiet room. Digital silence would be easier for the server than a real microphone."""
FRAME: Final = SPEECH_RATE * FRAME_MS // 1000
_ROOM_S: Final = 10


class Room:
    """An endless source of a quiet room's noise."""

    def __init__(self, seed: int = 1) -> None:
        self._noise = np.random.default_rng(seed).normal(0, 10 ** (ROOM_DBFS / 20), SPEECH_RATE * _ROOM_S)
        self._position = 0

    def noise(self, size: int) -> Samples:
        """The next samples, mono at SPEECH_RATE."""
        places = np.arange(self._position, self._position + size) % len(self._noise)
        self._position += size
        return self._noise[places].astype(np.float32)


class Listener(Protocol):
    """Receives the microphone's audio."""

    async def send_audio(self, pcm: bytes) -> None:
        """Receive a frame."""
        ...


class Microphone:
    """The audio of a client with an open microphone.

    A frame is sent when its last sample has sounded, so that the time of a sample is known: sample n of a question
    that began at t sounds at t + n / SPEECH_RATE.
    """

    def __init__(self, client: Listener) -> None:
        self._client = client
        self._room = Room()
        self._speech: Samples = np.zeros(0, np.float32)
        self._begun: asyncio.Future[float] | None = None

    async def stay_open(self) -> None:
        """Send audio until cancelled."""
        clock = asyncio.get_running_loop().time
        frame_s = FRAME_MS / 1000
        begins = clock()
        while True:
            frame = self._next_frame(FRAME, begins)
            await asyncio.sleep(begins + frame_s - clock())
            await self._client.send_audio(bytes_from_float(frame))
            begins += frame_s

    async def say(self, samples: Samples) -> float:
        """Speak into the open microphone; return the time of the first sample, on the event loop's clock."""
        assert self._begun is None
        self._speech = samples
        self._begun = asyncio.get_running_loop().create_future()
        return await self._begun

    async def record(self, samples: Samples) -> float:
        """Without an open microphone: send only this audio, and return the time of its last sample."""
        clock = asyncio.get_running_loop().time
        start = clock()
        for begin in range(0, len(samples), FRAME):
            piece = samples[begin : begin + FRAME]
            sounded = start + (begin + len(piece)) / SPEECH_RATE
            await asyncio.sleep(sounded - clock())
            await self._client.send_audio(bytes_from_float(piece + self._room.noise(len(piece))))
        return start + len(samples) / SPEECH_RATE

    def _next_frame(self, size: int, begins: float) -> Samples:
        if self._begun is not None:
            self._begun.set_result(begins)
            self._begun = None
        speech, self._speech = self._speech[:size], self._speech[size:]
        frame = self._room.noise(size)
        frame[: len(speech)] += speech
        return frame
