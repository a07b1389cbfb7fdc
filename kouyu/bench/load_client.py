"""One of many simultaneous clients: asks a question, waits for the answer's end, pauses, repeats; or stays silent."""

import asyncio
import base64
import itertools
import random
import time
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from websockets.exceptions import ConnectionClosed

from kouyu.audio.pcm import Samples, bytes_from_float
from kouyu.bench.ingestion import APPEND
from kouyu.bench.microphone import FRAME, Room
from kouyu.bench.spoken_question import SpokenQuestion
from kouyu.bench.statistics import Summary, summarise
from kouyu.client.voice_client import FRAME_MS, UPLINK_AUDIO, VoiceClient
from kouyu.domain.speech_rate import SPEECH_RATE

_FRAME_S: Final = FRAME_MS / 1000
ANSWER_S: Final = 15.0
"""Timeout in seconds for the start and for the end of an answer; then the client asks the next question."""
_PAUSE_S: Final = 1.5
_QUIET_S: Final = 2
_TURN_DETECTION: Final = {"free": "server_vad", "push": "client_interrupt", "idle": "server_vad"}


class GeneratorReport(msgspec.Struct, frozen=True, kw_only=True):
    """Measurements by the clients of one process, in ms; None if there were none."""

    talking: int
    """Connected clients."""
    connections: int
    """Connections opened since the beginning."""
    lost: int
    """Clients that were refused or whose connection ended, since the beginning."""
    lost_because: str
    """Why the last of them was; empty if none."""
    lateness: Summary | None
    """How late frames were sent, caused by the generator itself."""
    answers: list[float]
    """From the end of each question's speech to the first audio of its answer."""
    unanswered: int


class Tally:
    """Shared counters of the clients of a process."""

    def __init__(self) -> None:
        self._talking = 0
        self._connections = 0
        self._lost = 0
        self._lost_because = ""
        self._changed = asyncio.Event()
        self.lateness: list[float] = []
        self.answers: list[float] = []
        self.unanswered = 0

    def one_connected(self) -> None:
        """Count a connected client."""
        self._talking += 1
        self._connections += 1
        self._changed.set()

    def one_hung_up(self) -> None:
        """Count the end of a client's connection."""
        self._talking -= 1

    def one_lost(self, why: str) -> None:
        """Count a client that was refused, or whose connection was lost."""
        self._lost += 1
        self._lost_because = why
        self._changed.set()

    async def known(self, count: int) -> None:
        """Wait until ``count`` clients have connected or were refused."""
        while self._talking + self._lost < count:
            self._changed.clear()
            await self._changed.wait()

    def count(self, ended: float, first_audio_at: float | None) -> None:
        """Count a finished question."""
        if first_audio_at is None:
            self.unanswered += 1
        else:
            self.answers.append((first_audio_at - ended) * 1000)

    def report(self) -> bytes:
        """The GeneratorReport since the last one, as JSON."""
        report = GeneratorReport(
            talking=self._talking,
            connections=self._connections,
            lost=self._lost,
            lost_because=self._lost_because,
            lateness=summarise(self.lateness),
            answers=self.answers,
            unanswered=self.unanswered,
        )
        self.lateness, self.answers, self.unanswered = [], [], 0
        return msgspec.json.encode(report)


class Frames:
    """A question cut into frames, and background noise; encoded beforehand, so that sending costs little."""

    def __init__(self, question: SpokenQuestion) -> None:
        room = Room(seed=2)
        speech = question.samples[: question.speech_end]
        speech = np.pad(speech, (0, -len(speech) % FRAME))
        self.speech = _encoded(speech + room.noise(len(speech)))
        self.quiet = _encoded(room.noise(SPEECH_RATE * _QUIET_S))
        self.speech_s = question.speech_end / SPEECH_RATE


class LoadClient:
    """One client."""

    def __init__(
        self, client: VoiceClient, mode: str, questions: Sequence[Frames], tally: Tally, chance: random.Random
    ) -> None:
        """``chance`` chooses the questions, and when the first one is asked."""
        self._client = client
        self._mode = mode
        self._questions = questions
        self._tally = tally
        self._chance = chance
        self._due = 0.0
        self._first_audio_at: float | None = None
        self._completed = asyncio.Event()

    async def run(self, turns: int | None) -> bool:
        """Talk for ``turns`` turns, or for ever; False if the connection ended before."""
        turn_detection = {"type": _TURN_DETECTION[self._mode]}
        await self._client.send("chat.update", {"input_audio": UPLINK_AUDIO, "turn_detection": turn_detection})
        self._tally.one_connected()
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen())
            talking = tasks.create_task(self._talk(turns))
            await asyncio.wait((listening, talking), return_when=asyncio.FIRST_COMPLETED)
            listening.cancel()
            talking.cancel()
        done = not talking.cancelled() and talking.result()
        self._tally.one_hung_up()
        if not done:
            self._tally.one_lost(f"closed with {self._client.close_code}: {self._client.close_reason}")
        return done

    async def _listen(self) -> None:
        async for event in self._client.events():
            if event.type == "conversation.audio.delta" and self._first_audio_at is None:
                self._first_audio_at = event.at
            elif event.type in ("conversation.chat.completed", "conversation.chat.failed"):
                self._completed.set()

    async def _talk(self, turns: int | None) -> bool:
        """Ask ``turns`` questions; False if the connection ended before."""
        try:
            if self._mode == "idle":
                await self._fall_silent()
            await asyncio.sleep(self._chance.random() * 4)  # else all clients would ask at the same time
            for _ in itertools.repeat(None) if turns is None else range(turns):
                await self._ask(self._chance.choice(self._questions))
        except ConnectionClosed:
            return False
        return True

    async def _fall_silent(self) -> None:
        """Open the microphone for a moment, and send nothing more."""
        self._due = asyncio.get_running_loop().time()
        for frame in self._questions[0].quiet:
            await self._send(frame)
        await asyncio.Event().wait()

    async def _ask(self, question: Frames) -> None:
        clock = asyncio.get_running_loop().time
        self._completed.clear()
        self._due = clock() + _FRAME_S
        ended = clock() + question.speech_s
        for frame in question.speech:
            await self._send(frame)
        self._first_audio_at = None
        if self._mode == "push":
            await self._client.send("input_audio_buffer.complete")
        await self._hear_out(question, ended + ANSWER_S)
        self._tally.count(ended, self._first_audio_at)
        await self._hear_out(question, clock() + _PAUSE_S, pausing=True)

    async def _hear_out(self, question: Frames, until: float, *, pausing: bool = False) -> None:
        """Wait for the end of the answer, at most until ``until``; in free talk the microphone stays open meanwhile."""
        clock = asyncio.get_running_loop().time
        number = 0
        while clock() < until and (pausing or not self._completed.is_set()):
            if self._mode == "free":
                await self._send(question.quiet[number % len(question.quiet)])
                number += 1
            else:
                await asyncio.sleep(_FRAME_S)

    async def _send(self, frame: str) -> None:
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(self._due - clock())
        self._tally.lateness.append((clock() - self._due) * 1000)
        self._due += _FRAME_S
        await self._client.send_text(APPEND % (time.monotonic_ns(), frame))


def _encoded(samples: Samples) -> list[str]:
    pcm = bytes_from_float(samples)
    size = FRAME * 2
    return [base64.b64encode(pcm[begin : begin + size]).decode() for begin in range(0, len(pcm), size)]
