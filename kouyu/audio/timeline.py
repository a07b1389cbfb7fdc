"""The user's audio of a session, addressed by sample position, limited to a maximum length."""

from collections import deque

import numpy as np

from kouyu.audio.pcm import Samples
from kouyu.domain.speech_rate import SPEECH_RATE

_BLOCK = SPEECH_RATE
"""Samples of one storage block: 1 s."""


class AudioTimeline:
    """The latest ``longest_s`` seconds of the user's audio at SPEECH_RATE, by position since the connection's start.

    Stored in blocks of a second, so that appending a frame copies only that frame. When full, the oldest is dropped.
    """

    def __init__(self, longest_s: float) -> None:
        self._longest = round(longest_s * SPEECH_RATE)
        self._blocks: deque[Samples] = deque()
        self._first_block = 0
        self._start = 0
        self._end = 0

    @property
    def start(self) -> int:
        """The position of the first sample that is kept."""
        return self._start

    @property
    def end(self) -> int:
        """The position after the last sample: the number of samples appended so far."""
        return self._end

    def append(self, samples: Samples) -> None:
        """Append samples. They are copied."""
        at = 0
        while at < len(samples):
            within = (self._end - self._first_block) % _BLOCK
            if self._first_block + len(self._blocks) * _BLOCK == self._end:
                self._blocks.append(np.empty(_BLOCK, np.float32))
            count = min(_BLOCK - within, len(samples) - at)
            self._blocks[-1][within : within + count] = samples[at : at + count]
            at += count
            self._end += count
            self.forget(self._end - self._longest)

    def slice(self, start: int, end: int) -> Samples:
        """A copy of the samples from ``start`` up to, not including, ``end``, as far as they are kept."""
        start, end = max(start, self._start), min(end, self._end)
        pieces = [np.zeros(0, np.float32)]
        while start < end:
            block, within = divmod(start - self._first_block, _BLOCK)
            count = min(_BLOCK - within, end - start)
            pieces.append(self._blocks[block][within : within + count])
            start += count
        return np.concatenate(pieces)

    def mute(self, start: int, end: int) -> None:
        """Zero the samples from ``start`` up to, not including, ``end``, as far as they are kept."""
        start, end = max(start, self._start), min(end, self._end)
        while start < end:
            block, within = divmod(start - self._first_block, _BLOCK)
            count = min(_BLOCK - within, end - start)
            self._blocks[block][within : within + count] = 0.0
            start += count

    def forget(self, before: int) -> None:
        """Drop the samples before the position ``before``, if still kept."""
        self._start = max(self._start, min(before, self._end))
        while self._blocks and self._first_block + _BLOCK <= self._start:
            self._blocks.popleft()
            self._first_block += _BLOCK
