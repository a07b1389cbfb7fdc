"""Cuts audio into frames and packets."""

from collections.abc import Iterator
from typing import Protocol

import msgspec
import numpy as np

from kouyu.audio.pcm import Samples


class Packet(msgspec.Struct, frozen=True):
    """The content of one audio event: never empty, ``duration_ms`` of playing time."""

    data: bytes
    duration_ms: float


class Encoder(Protocol):
    """Samples to packets of one codec."""

    sample_rate: int
    """Hz that ``write`` expects."""

    def write(self, samples: Samples) -> list[Packet]:
        """The packets that are now complete."""
        ...

    def finish(self) -> list[Packet]:
        """Return all buffered audio; the next write begins a new sentence."""
        ...

    def close(self) -> None:
        """Free the codec. No call may follow."""
        ...


class Framer:
    """Cuts a stream of samples into frames of one length, ``frame_samples``."""

    def __init__(self, frame_samples: int) -> None:
        self.frame_samples = max(1, frame_samples)
        self._held = np.zeros(0, np.float32)
        self._begun = False
        """Whether samples have been added since the last ``rest``."""

    def cut(self, samples: Samples) -> Iterator[Samples]:
        """The frames that are now full."""
        self._begun = self._begun or len(samples) > 0
        held = np.concatenate((self._held, samples))
        whole = len(held) - len(held) % self.frame_samples
        self._held = held[whole:].copy()
        for at in range(0, whole, self.frame_samples):
            yield held[at : at + self.frame_samples]

    def rest(self, beyond: int = 0) -> Iterator[Samples]:
        """The buffered samples, then at least ``beyond`` samples of silence, up to a whole frame.

        Nothing if no samples have been added since the last ``rest``.
        """
        if self._begun:
            padding = beyond + -(len(self._held) + beyond) % self.frame_samples
            yield from self.cut(np.zeros(padding, np.float32))
            self._begun = False
