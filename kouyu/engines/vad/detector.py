"""VAD for all sessions: batches one chunk of each waiting stream into the next call of the model.

It runs on the event loop: a call takes less time than a switch to a thread and back, and a thread would wait for the
GIL between the model's steps.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.engines.errors import EngineError
from kouyu.engines.vad.engine import VoiceActivityModel

MAX_BATCH: Final = 64
"""Streams in one call of the model, about 1.5 ms of it."""

SLICE_CHUNKS: Final = 16
"""Chunks scored before other tasks run on the event loop: a client may upload a minute of audio at once."""

GATHER_SECONDS: Final = 0.004
"""Seconds to wait for a fuller batch, for each GATHER_FROM open streams."""

GATHER_FROM: Final = 32
"""Open streams from which on waiting for a fuller batch pays."""

MOST_GATHER_SECONDS: Final = 0.008

QUIET_RMS: Final = 10 ** (-80 / 20)
"""Root mean square of a chunk below which it holds nothing: -80 dBFS. A muted microphone is below, a live one above;
at -70 dBFS one loses the pauses of speech that a microphone turned far down still lets the model hear."""

QUIET_CHUNKS: Final = 16
"""Quiet chunks in a row that the model still gets. Further ones score 0.0 without it, and its state is unchanged.

Measured on 16 utterances with pauses from 0.5 to 30 s: with pauses of up to 3 s no speech is lost and 0 to 3 of 1088
chunks are found in addition; with longer ones the results stay those after a short pause, whereas the model run on
through the silence detects the next onset late (22 chunks in 16 utterances after 30 s). A fresh state loses 12.
"""


LEVELS: Final = 4
"""Parts of a chunk whose level is reported, so that the end of speech is known to 8 ms."""


class Judgement(msgspec.Struct, frozen=True):
    """The VAD result for one chunk."""

    end: int
    """The stream position (in samples) at which the chunk ends, exclusive."""
    probability: float
    """The probability that it holds speech: 0 to 1."""
    levels: tuple[float, ...]
    """The levels of its quarters, oldest first: dBFS, -120 at least."""


class VoiceActivityDetector:
    """Runs the VAD model for any number of streams. Belongs to one event loop; close it at the end."""

    def __init__(self, model: VoiceActivityModel) -> None:
        self.model = model
        self._requests: list[_Request] = []
        self._asked = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._open = 0

    def open(self) -> "VoiceActivityStream":
        """Open a stream. Close it when its session ends."""
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve(), name="voice activity")
        self._open += 1
        return VoiceActivityStream(self)

    def left(self) -> None:
        """Note that a stream was closed."""
        self._open -= 1

    async def judge(self, stream: "VoiceActivityStream", chunks: NDArray[np.float32]) -> "list[Heard]":
        """Score ``chunks``, shaped (count, chunk_samples), which follow those scored before.

        At most one call at a time for each stream. Raises EngineError.
        """
        if self._serving is None or self._serving.done():
            raise EngineError("voice activity is closed")
        request = _Request(stream, chunks, asyncio.get_running_loop().create_future())
        self._requests.append(request)
        self._asked.set()
        return await request.answer

    async def close(self) -> None:
        """Stop; waiting callers get an EngineError."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
        self._fail(self._requests, "voice activity is closed")

    async def _serve(self) -> None:
        while True:
            await self._asked.wait()
            if self._open >= GATHER_FROM and len(self._requests) < MAX_BATCH:
                await asyncio.sleep(min(MOST_GATHER_SECONDS, GATHER_SECONDS * self._open / GATHER_FROM))
            wanted = [request for request in self._requests if not request.answer.done()]
            batch, self._requests = wanted[:MAX_BATCH], wanted[MAX_BATCH:]
            self._judge_batch(batch)
            self._requests.extend(request for request in batch if not request.answer.done())
            if self._requests:
                await asyncio.sleep(0)
            else:
                self._asked.clear()

    def _judge_batch(self, batch: "list[_Request]") -> None:
        try:
            judge_slice(self.model, batch)
        except Exception as error:  # the engine's boundary: any failure is passed on to the sessions
            self._fail(batch, f"voice activity failed: {error}")
        for request in batch:
            if request.finished and not request.answer.done():
                request.answer.set_result(request.heard)

    def _fail(self, requests: "list[_Request]", reason: str) -> None:
        for request in requests:
            if not request.answer.done():
                request.answer.set_exception(EngineError(reason, retryable=False))


class VoiceActivityStream:
    """VAD of one session's audio. Positions count its samples from the first one fed."""

    def __init__(self, detector: VoiceActivityDetector) -> None:
        self._detector = detector
        self._turn = asyncio.Lock()
        self._rest = np.empty(0, np.float32)
        self._end = 0
        self.state = detector.model.initial_state()
        self._quiet_chunks = 0

    async def feed(self, samples: NDArray[np.float32]) -> list[Judgement]:
        """Take more audio (mono float32, -1 to 1, at the model's rate) and score every chunk that is complete now.

        Calls are served in order. A cancelled call drops its chunks, and the stream continues after them.
        Raises EngineError.
        """
        async with self._turn:
            audio = np.concatenate((self._rest, samples), dtype=np.float32)
            size = self._detector.model.chunk_samples
            whole = len(audio) // size * size
            self._rest = audio[whole:].copy()
            return await self._judge(audio[:whole].reshape(-1, size), whole)

    async def flush(self) -> list[Judgement]:
        """Score an incomplete chunk, padded with zeros. Its ``end`` is that of the audio; more audio may follow.

        Raises EngineError.
        """
        async with self._turn:
            rest, self._rest = self._rest, np.empty(0, np.float32)
            size = self._detector.model.chunk_samples
            chunks = np.zeros((1 if len(rest) else 0, size), np.float32)
            chunks[:, : len(rest)] = rest
            return await self._judge(chunks, len(rest))

    def shows(self, *, quiet: bool) -> bool:
        """Whether the next chunk goes to the model; False skips it as silence."""
        self._quiet_chunks = self._quiet_chunks + 1 if quiet else 0
        return self._quiet_chunks <= QUIET_CHUNKS

    def close(self) -> None:
        """Close the stream when its session has ended."""
        self._detector.left()

    async def _judge(self, chunks: NDArray[np.float32], samples: int) -> list[Judgement]:
        if not len(chunks):
            return []
        start, self._end = self._end, self._end + samples
        size = self._detector.model.chunk_samples
        return [
            Judgement(start + min(size * number, samples), *heard)
            for number, heard in enumerate(await self._detector.judge(self, chunks), 1)
        ]


Heard = tuple[float, tuple[float, ...]]
"""A chunk's speech probability, and the levels of its parts."""


@dataclass(slots=True)
class _Request:
    """Chunks of one stream that a caller waits for."""

    stream: VoiceActivityStream
    chunks: NDArray[np.float32]
    answer: "asyncio.Future[list[Heard]]"
    heard: list[Heard] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        return len(self.heard) == len(self.chunks)


def judge_slice(model: VoiceActivityModel, batch: list[_Request]) -> None:
    """Score the next chunks of each request, one of each per call: SLICE_CHUNKS in all at most, or one of each."""
    for _ in range(max(1, SLICE_CHUNKS // max(1, len(batch)))):
        going = [request for request in batch if not request.finished]
        if not going:
            return
        chunks = np.stack([request.chunks[len(request.heard)] for request in going])
        power = _power(chunks)
        quiet = (power.mean(axis=1) < QUIET_RMS * QUIET_RMS).tolist()
        shown = [number for number, request in enumerate(going) if request.stream.shows(quiet=quiet[number])]
        probabilities = [0.0] * len(going)
        if shown:
            judged, states = model.infer(
                chunks if len(shown) == len(going) else chunks[shown], [going[number].stream.state for number in shown]
            )
            for number, probability, state in zip(shown, judged, states, strict=True):
                probabilities[number] = probability
                going[number].stream.state = state
        levels = (10 * np.log10(power + 1e-12)).tolist()
        for request, probability, level in zip(going, probabilities, levels, strict=True):
            request.heard.append((probability, tuple(level)))


def _power(chunks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean squares of the LEVELS parts of each chunk."""
    parts = chunks.reshape(len(chunks), LEVELS, -1)
    power: NDArray[np.float32] = np.einsum("cps,cps->cp", parts, parts) / parts.shape[2]
    return power
