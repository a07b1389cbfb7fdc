"""What stands between bytes and samples: one source per way of packing audio into a stream of bytes."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from kouyu.audio.pcm import Samples


class Block(msgspec.Struct, frozen=True):
    """A piece of decoded audio, mono, at ``sample_rate`` Hz."""

    samples: Samples
    sample_rate: int


class AudioSource(Protocol):
    """Finds the audio in a stream of bytes that comes in pieces."""

    def decode(self, data: bytes) -> Iterator[Block]:
        """What the next piece completes.

        Raises UndecodableAudio, after the good blocks of the piece, where it is faulty; the next piece may follow.
        """
        ...

    def end(self) -> Iterator[Block]:
        """What was held back; the next piece begins a new buffer. Raises nothing."""
        ...
