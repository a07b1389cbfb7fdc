"""Trims the silence that a model leaves around speech; pauses are added separately."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

QUIET: Final = 0.006
"""Level (RMS, of full scale 1) below which 5 ms count as silence: about -44 dB."""

FRAME_SECONDS: Final = 0.005
KEPT_BEFORE: Final = 0.02
KEPT_AFTER: Final = 0.05
"""Seconds kept around the speech: soft consonants are quieter than QUIET."""

FADE_SECONDS: Final = 0.004


def trim(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Remove the silence around the speech, and fade both ends so that they do not click."""
    trimming = Trimming(sample_rate)
    return np.concatenate((trimming.feed(samples), trimming.end()))


class Trimming:
    """``trim`` for speech in parts of any size. Audio that may be silence at the end is held back."""

    def __init__(self, sample_rate: int) -> None:
        self._frame = max(1, round(sample_rate * FRAME_SECONDS))
        self._before = round(KEPT_BEFORE * sample_rate)
        self._after = round(KEPT_AFTER * sample_rate)
        self._fade = round(FADE_SECONDS * sample_rate)
        self._held = np.zeros(0, np.float32)
        self._held_from = 0
        """Samples already returned, or dropped as silence before the speech."""
        self._judged = 0
        """Samples of whole frames whose level is known."""
        self._begin: int | None = None
        self._end = 0
        """Where the speech begins and ends so far, with what is kept around it; ``_begin`` is None in silence."""

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Feed the next part; return the audio that is certainly kept."""
        self._held = np.concatenate((self._held, samples))
        received = self._held_from + len(self._held)
        frames = (received - self._judged) // self._frame
        fresh = self._held[self._judged - self._held_from :][: frames * self._frame].reshape(frames, self._frame)
        loud = np.flatnonzero(np.sqrt(np.mean(fresh**2, axis=1)) > QUIET) if frames else np.zeros(0, np.int64)
        if len(loud):
            if self._begin is None:
                self._begin = max(0, self._judged + int(loud[0]) * self._frame - self._before)
                self._drop(self._begin)
            self._end = self._judged + (int(loud[-1]) + 1) * self._frame + self._after
        self._judged += frames * self._frame
        if self._begin is None:
            self._drop(self._judged - self._before)
            return np.zeros(0, np.float32)
        # The first output is no shorter than the fade, which is applied in one piece.
        certain = min(self._end, self._judged) - self._fade
        return self._given(certain) if certain - self._begin >= self._fade else np.zeros(0, np.float32)

    def end(self) -> NDArray[np.float32]:
        """End the speech and return the rest."""
        if self._begin is None:
            return np.zeros(0, np.float32)
        rest = self._given(min(self._end, self._held_from + len(self._held)))
        fade = min(self._fade, len(rest))
        rest[len(rest) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
        return rest

    def _given(self, until: int) -> NDArray[np.float32]:
        assert self._begin is not None
        starts = self._held_from == self._begin
        given = self._held[: max(0, until - self._held_from)].astype(np.float32, copy=True)
        self._drop(self._held_from + len(given))
        if starts and len(given):
            fade = min(self._fade, len(given))
            given[:fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)
        return given

    def _drop(self, until: int) -> None:
        count = max(0, until - self._held_from)
        self._held = self._held[count:]
        self._held_from += count


def is_quiet(samples: NDArray[np.float32], frame: int) -> bool:
    """Whether none of the whole frames of so many samples is louder than QUIET."""
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    return not np.any(np.mean(frames**2, axis=1) > QUIET**2)
