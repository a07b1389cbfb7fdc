"""VAD for all sessions: batches one chunk of each waiting stream into the next call of the model.

It runs on the event loop: a call takes less time than a switch to a thread and back, and a thread would wait for the
GIL between the model's steps.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
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
        self._waiting: dict[VoiceActivityStream, None] = {}
        """Streams with chunks that have not been scored, in the order in which they asked."""
        self._asked = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._open = 0

    def open(self, report: "Report | None" = None) -> "VoiceActivityStream":
        """Open a stream; ``report`` gets the results of what is ``put``. Close it when its session ends."""
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve(), name="voice activity")
        self._open += 1
        return VoiceActivityStream(self, report)

    def left(self, stream: "VoiceActivityStream") -> None:
        """Note that a stream was closed."""
        self._open -= 1
        self._waiting.pop(stream, None)

    def ask(self, stream: "VoiceActivityStream") -> None:
        """Score the chunks that wait in the stream. Raises EngineError."""
        if self._serving is None or self._serving.done():
            raise EngineError("voice activity is closed")
        self._waiting[stream] = None
        self._asked.set()

    async def close(self) -> None:
        """Stop; waiting callers get an EngineError."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
        for stream in tuple(self._waiting):
            stream.fail("voice activity is closed")
        self._waiting.clear()

    async def _serve(self) -> None:
        while True:
            await self._asked.wait()
            if self._open >= GATHER_FROM and len(self._waiting) < MAX_BATCH:
                await asyncio.sleep(min(MOST_GATHER_SECONDS, GATHER_SECONDS * self._open / GATHER_FROM))
            self._judge_waiting()
            if self._waiting:
                await asyncio.sleep(0)
            else:
                self._asked.clear()

    # A method of its own: what `_serve` still held while it waits, such as the last stream, would keep a session alive.
    def _judge_waiting(self) -> None:
        batch = list(islice(self._waiting, MAX_BATCH))
        for stream in batch:
            del self._waiting[stream]
        self._judge_batch([stream for stream in batch if stream.waiting])
        self._waiting.update((stream, None) for stream in batch if stream.waiting)

    def _judge_batch(self, batch: "list[VoiceActivityStream]") -> None:
        try:
            judge_slice(self.model, batch)
        except Exception as error:  # the engine's boundary: any failure is passed on to the sessions
            for stream in batch:
                stream.fail(f"voice activity failed: {error}")
        for stream in batch:
            stream.give()


class VoiceActivityStream:
    """VAD of one session's audio. Positions count its samples from the first one fed.

    A live session puts its audio and gets each result by ``report``, on the detector's task; others wait for ``feed``.
    """

    def __init__(self, detector: VoiceActivityDetector, report: "Report | None") -> None:
        self._detector = detector
        self._report = report
        self._feeding = asyncio.Lock()
        self._fed: asyncio.Future[None] | None = None
        self._rest = np.empty(0, np.float32)
        self._size = detector.model.chunk_samples
        self._end = 0
        self._quiet_chunks = 0
        self._scored: list[Judgement] = []
        self.state = detector.model.initial_state()
        self.waiting: deque[tuple[NDArray[np.float32], int]] = deque()
        """Chunks to be scored, and the position after each."""

    @property
    def missing(self) -> int:
        """Samples until the next chunk is complete."""
        return self._size - len(self._rest)

    def put(self, samples: NDArray[np.float32]) -> None:
        """Take more audio (mono float32, -1 to 1, at the model's rate); ``report`` gets the results. Raises EngineError
        if the detector is closed."""
        self._cut(samples)
        if self.waiting:
            self._detector.ask(self)

    async def feed(self, samples: NDArray[np.float32]) -> list[Judgement]:
        """Take more audio and return the results of all chunks that are complete now.

        Calls are served in order. A cancelled call drops its chunks, and the stream continues after them.
        Raises EngineError.
        """
        async with self._feeding:
            self._cut(samples)
            return await self._answered()

    async def flush(self) -> list[Judgement]:
        """Score an incomplete chunk, padded with zeros. Its ``end`` is that of the audio; more audio may follow.

        Raises EngineError.
        """
        async with self._feeding:
            rest, self._rest = self._rest, np.empty(0, np.float32)
            if len(rest):
                self._end += len(rest)
                self.waiting.append((np.pad(rest, (0, self._size - len(rest))), self._end))
            return await self._answered()

    def shows(self, *, quiet: bool) -> bool:
        """Whether the next chunk goes to the model; False skips it as silence."""
        self._quiet_chunks = self._quiet_chunks + 1 if quiet else 0
        return self._quiet_chunks <= QUIET_CHUNKS

    def scored(self, probability: float, levels: tuple[float, ...]) -> None:
        """Take in the result of the first waiting chunk."""
        if self.waiting:  # else the call was cancelled meanwhile
            self._scored.append(Judgement(self.waiting.popleft()[1], probability, levels))

    def give(self) -> None:
        """Pass on the results taken in."""
        if self._report is not None:
            scored, self._scored = self._scored, []
            for judgement in scored:
                self._report(judgement)
        elif self._fed is not None and not self.waiting and not self._fed.done():
            self._fed.set_result(None)

    def fail(self, reason: str) -> None:
        """Drop the waiting chunks: they cannot be scored."""
        self.waiting.clear()
        error = EngineError(reason, retryable=False)
        if self._report is not None:
            self._report(error)
        elif self._fed is not None and not self._fed.done():
            self._fed.set_exception(error)

    def close(self) -> None:
        """Close the stream when its session has ended."""
        self._detector.left(self)

    def _cut(self, samples: NDArray[np.float32]) -> None:
        audio = np.concatenate((self._rest, samples), dtype=np.float32)
        size = self._size
        whole = len(audio) // size * size
        for start in range(0, whole, size):
            self._end += size
            self.waiting.append((audio[start : start + size], self._end))
        self._rest = audio[whole:].copy()

    async def _answered(self) -> list[Judgement]:
        if self.waiting:
            self._fed = asyncio.get_running_loop().create_future()
            try:
                self._detector.ask(self)
                await self._fed
            finally:
                self._fed = None
                self.waiting.clear()
                scored, self._scored = self._scored, []
            return scored
        return []


Report = Callable[[Judgement | EngineError], None]
"""Takes in the result of one chunk, or why there is none."""


def judge_slice(model: VoiceActivityModel, batch: Sequence[VoiceActivityStream]) -> None:
    """Score the next chunks of each stream, one of each per call: SLICE_CHUNKS in all at most, or one of each."""
    for _ in range(max(1, SLICE_CHUNKS // max(1, len(batch)))):
        going = [stream for stream in batch if stream.waiting]
        if not going:
            return
        chunks = np.array([stream.waiting[0][0] for stream in going])
        power = _power(chunks)
        quiet = (power.mean(axis=1) < QUIET_RMS * QUIET_RMS).tolist()
        shown = [number for number, stream in enumerate(going) if stream.shows(quiet=quiet[number])]
        probabilities = [0.0] * len(going)
        if shown:
            judged, states = model.infer(
                chunks if len(shown) == len(going) else chunks[shown], [going[number].state for number in shown]
            )
            for number, probability, state in zip(shown, judged, states, strict=True):
                probabilities[number] = probability
                going[number].state = state
        levels = (10 * np.log10(power + 1e-12)).tolist()
        for stream, probability, level in zip(going, probabilities, levels, strict=True):
            stream.scored(probability, tuple(level))


def _power(chunks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean squares of the LEVELS parts of each chunk."""
    parts = chunks.reshape(len(chunks), LEVELS, -1)
    power: NDArray[np.float32] = np.einsum("cps,cps->cp", parts, parts) / parts.shape[2]
    return power
