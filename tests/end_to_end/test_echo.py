"""A device without echo cancellation: what it plays comes back through its microphone."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soxr

from kouyu.audio.pcm import Samples, bytes_from_float
from kouyu.audio.wav import decode_listening_audio
from kouyu.bench.microphone import FRAME, Room
from kouyu.protocol.speech_rate import SPEECH_RATE
from tests.end_to_end.conversing import DOWNLINK_RATE, Talk, talking
from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models

TEXT = (
    "The river Seine flows through Paris and on to the sea, and many people like to walk along its banks "
    "in the evening."
)
DECIBELS, DELAY_MS = -6, 230
"""Of the echo."""


class Device:
    """Plays what it receives at once and without gaps, and hears it again, with the room and perhaps a user."""

    def __init__(self, talk: Talk, decibels: float, delay_ms: float) -> None:
        self._talk = talk
        self._gain = 10 ** (decibels / 20)
        self._echo = np.zeros(round(SPEECH_RATE * delay_ms / 1000), np.float32)
        self._room = Room()
        self._user: Samples = np.zeros(0, np.float32)
        self._taken = len(talk.audio())
        self._began = len(talk.events)
        self.echoed = 0
        """Samples of echo that were loud enough to be speech."""
        self.gaps = 0
        """Frames for which it had nothing to play in the middle of a sentence."""
        self.late_s = 0.0
        """The longest that it did not get to run. After either, what it played nobody can know."""

    def say(self, samples: Samples) -> None:
        """The user begins to say this now."""
        self._user = samples

    async def silence(self) -> None:
        """Wait until nothing is left to be heard."""
        await asyncio.sleep(len(self._echo) / SPEECH_RATE)

    async def run(self) -> None:
        """Until cancelled."""
        clock = asyncio.get_running_loop().time
        at = clock()
        while True:
            self._play()
            playing = "conversation.audio.delta" in self._talk.types[self._began :]
            if playing and "conversation.audio.completed" not in self._talk.types[self._began :]:
                self.gaps += len(self._echo) < FRAME
            echo, self._echo = self._echo[:FRAME], self._echo[FRAME:]
            user, self._user = self._user[:FRAME], self._user[FRAME:]
            heard = self._room.noise(FRAME)
            heard[: len(echo)] += echo
            heard[: len(user)] += user
            self.echoed += FRAME if len(echo) and np.abs(echo).max() > 0.01 else 0
            await self._talk.client.send_audio(bytes_from_float(heard))
            at += FRAME / SPEECH_RATE
            self.late_s = max(self.late_s, clock() - at)
            await asyncio.sleep(at - clock())

    def _play(self) -> None:
        audio = self._talk.audio()
        # Whole tenths of a second, so that resampling piece by piece leaves no seam worth speaking of.
        step = DOWNLINK_RATE // 10 * 2
        whole = len(audio) // step * step
        if whole > self._taken:
            samples = np.frombuffer(audio[self._taken : whole], np.int16).astype(np.float32) / 32768
            self._taken = whole
            more = soxr.resample(samples, DOWNLINK_RATE, SPEECH_RATE) * self._gain
            self._echo = np.concatenate((self._echo, more.astype(np.float32)))


async def heard_by(server: RunningServer, user: Samples | None = None) -> tuple[Talk, Device]:
    """The agent speaks for seconds into a device; the user, if any, begins to speak in the middle."""
    async with talking(server) as talk:
        await talk.configure(turn_detection={"type": "server_vad"})
        # Nothing else is to be loading: a player that runs dry again and again plays what no guard can follow.
        await talk.client.send("input_text.generate_audio", {"mode": "text", "text": "你好。"})
        await talk.until("conversation.audio.completed")
        await talk.until_silent()
        device = Device(talk, DECIBELS, DELAY_MS)
        microphone = asyncio.create_task(device.run())
        before = talk.types.count("conversation.audio.delta")
        await talk.client.send("input_text.generate_audio", {"mode": "text", "text": TEXT})
        await talk.until("conversation.audio.delta", count=before + 1)
        if user is None:
            await talk.until("conversation.audio.completed", count=2)
            await device.silence()
        else:
            await asyncio.sleep(1.5)
            device.say(user)
            await talk.until("conversation.chat.canceled")
        microphone.cancel()
        return talk, device


async def test_the_agent_does_not_interrupt_itself(server: RunningServer) -> None:
    for _ in range(4):
        talk, device = await heard_by(server)
        if not device.gaps and device.late_s < 0.1:
            break
    else:
        pytest.fail(
            "in each of four runs the device did not play without gaps or was 0.1 s late: in the last one it had"
            f" {device.gaps} gaps and was {device.late_s:.2f} s late"
        )
    assert device.echoed > 2 * SPEECH_RATE, "the echo was there"
    assert "input_audio_buffer.speech_started" not in talk.types
    assert "conversation.chat.canceled" not in talk.types


async def test_a_user_gets_through_over_the_echo(server: RunningServer, questions: Path) -> None:
    user = decode_listening_audio((questions / "en-story.wav").read_bytes(), 30)
    talk, _ = await heard_by(server, user)
    assert "input_audio_buffer.speech_started" in talk.types
