"""Noise suppression: taking steady noise out of the user's audio while it comes in."""

from typing import Protocol

from kouyu.audio.pcm import Samples


class SuppressionStream(Protocol):
    """One session's audio on its way through noise suppression.

    The timeline stays exact: over the whole stream, flushes included, sample n of what comes out is sample n of what
    went in, cleaned. Audio is at LISTENING_RATE.
    """

    def feed(self, samples: Samples) -> Samples:
        """What is ready; at most 20 ms of what was fed are still inside.

        Called on the event loop, a few ms of audio at a time: it may take 1 % of the time that its audio lasts.
        """
        ...

    def flush(self) -> Samples:
        """The rest. More may be fed: what was learnt of the noise stays."""
        ...


class NoiseSuppressor(Protocol):
    """Opens a stream for each session."""

    def open(self) -> SuppressionStream:
        """A stream that knows nothing of the noise yet."""
        ...
