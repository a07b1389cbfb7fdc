"""Collects VAD probabilities into facts of some 160 ms."""

from collections.abc import Callable
from typing import Final

from kouyu.diagnostics.audio_clock import AudioClock
from kouyu.diagnostics.facts.record import AnyFact
from kouyu.diagnostics.facts.user import SpeechProbabilities
from kouyu.domain.speech_rate import SPEECH_RATE

_CHUNKS_AT_ONCE: Final = 4


class UserTrack:
    """Makes ``user.voice`` facts, some 160 ms each."""

    def __init__(self, clock: AudioClock, say: Callable[[AnyFact], None]) -> None:
        self._clock = clock
        self._say = say
        self._chunks: list[tuple[int, float]] = []
        self._judged: int | None = None

    def judged(self, start: int, end: int, probability: float, now: float) -> None:
        """Add the VAD result of the chunk from ``start`` to before ``end``."""
        if self._judged is None:
            self._judged = start
        self._chunks.append((end, probability))
        if len(self._chunks) >= _CHUNKS_AT_ONCE:
            self.flush(now)

    def flush(self, now: float) -> None:
        """Emit the VAD results collected so far, so that they precede the facts that follow from them."""
        if not self._chunks or self._judged is None:
            return
        start, end = self._judged, self._chunks[-1][0]
        self._say(
            SpeechProbabilities(
                at_ms=_ms(now),
                from_ms=self._clock.ms(start),
                to_ms=self._clock.end_ms(end),
                chunk_ms=(end - start) / len(self._chunks) * 1000 / SPEECH_RATE,
                probabilities=tuple(round(probability, 3) for _, probability in self._chunks),
            )
        )
        self._judged = end
        self._chunks.clear()


def _ms(now: float) -> float:
    return round(now * 1000, 1)
