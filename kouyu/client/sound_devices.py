"""The microphone and the loudspeaker, through the optional library sounddevice."""

import asyncio
import queue
from collections.abc import AsyncGenerator
from typing import Any, Final

from kouyu.client.voice_client import FRAME_MS
from kouyu.domain.speech_rate import SPEECH_RATE

DOWNLINK_RATE: Final = 24_000
_WAITING_FRAMES: Final = 100


class NoSoundDevice(Exception):
    """No microphone or loudspeaker is available. The text says what to do."""


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError as fault:
        raise NoSoundDevice(f"PortAudio is missing ({fault}): install the system package libportaudio2") from None
    return sounddevice


async def microphone() -> AsyncGenerator[bytes, None]:
    """Frames of 20 ms from the default microphone: mono, 16 bit, SPEECH_RATE. Oldest frames are dropped if not read.

    Raises NoSoundDevice.
    """
    sounddevice = _sounddevice()
    loop = asyncio.get_running_loop()
    frames: asyncio.Queue[bytes] = asyncio.Queue(_WAITING_FRAMES)

    def put(frame: bytes) -> None:
        if frames.full():
            frames.get_nowait()
        frames.put_nowait(frame)

    def heard(frame: Any, *_: Any) -> None:
        loop.call_soon_threadsafe(put, bytes(frame))

    try:
        stream = sounddevice.RawInputStream(
            samplerate=SPEECH_RATE,
            channels=1,
            dtype="int16",
            blocksize=SPEECH_RATE * FRAME_MS // 1000,
            callback=heard,
        )
    except sounddevice.PortAudioError as fault:
        raise NoSoundDevice(f"no microphone can be used: {fault}") from None
    with stream:
        while True:
            yield await frames.get()


class Loudspeaker:
    """Plays mono 16 bit PCM at DOWNLINK_RATE; can be silenced at once."""

    def __init__(self) -> None:
        sounddevice = _sounddevice()
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._rest = b""
        try:
            self._stream = sounddevice.RawOutputStream(
                samplerate=DOWNLINK_RATE, channels=1, dtype="int16", callback=self._fill
            )
        except sounddevice.PortAudioError as fault:
            raise NoSoundDevice(f"no loudspeaker can be used: {fault}") from None
        self._stream.start()

    def play(self, pcm: bytes) -> None:
        """Play after what is playing."""
        self._waiting.put(pcm)

    def silence(self) -> None:
        """Discard audio that was not played yet."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._rest = b""

    def close(self) -> None:
        """Stop."""
        self._stream.close()

    def _fill(self, out: Any, *_: Any) -> None:
        wanted = len(out)
        while len(self._rest) < wanted and not self._waiting.empty():
            self._rest += self._waiting.get_nowait()
        now, self._rest = self._rest[:wanted], self._rest[wanted:]
        out[:] = now.ljust(wanted, b"\0")
