"""The interface of audio sources: one for each container or packing of audio in a byte stream."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from kouyu.audio.pcm import Samples


class Block(msgspec.Struct, frozen=True):
    """A piece of decoded audio, mono, at ``sample_rate`` Hz."""

    samples: Samples
    sample_rate: int


class AudioSource(Protocol):
    """Decodes audio from a stream of bytes that comes in pieces."""

    def decode(self, data: bytes) -> Iterator[Block]:
        """Decode the next piece.

        Raises UndecodableAudio for a faulty piece, after its good blocks; the next piece may follow.
        """
        ...

    def continued_s(self, data: bytes) -> float:
        """Seconds of audio in ``data``, if it holds nothing but more samples of a stream without packets: then it has
        no fault, and may be decoded together with what follows. 0.0 otherwise."""
        ...

    def end(self) -> Iterator[Block]:
        """Return the audio held back; the next piece begins a new buffer. Raises nothing."""
        ...
