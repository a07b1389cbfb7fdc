"""Noise suppression: taking steady noise, or other voices, out of the user's audio while it comes in."""

from typing import Protocol

from kouyu.audio.pcm import Samples
from kouyu.engines.voiceprint.engine import Voiceprint


class SuppressionStream(Protocol):
    """One session's audio on its way through noise suppression.

    The timeline stays exact: over the whole stream, flushes included, sample n of what comes out is sample n of what
    went in, cleaned. Audio is at SPEECH_RATE.
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


class VoiceExtractor(Protocol):
    """Takes one speaker's voice out of a mixture of voices that sound at the same moment.

    Nothing built in can do this, and nothing asks for it yet: the speaker gate tells voices apart only where they come
    one after the other. This is what an engine for it has to look like, so that it can stand before the gate.
    """

    def open(self, voiceprint: Voiceprint) -> SuppressionStream:
        """A stream out of which comes the speaker of this voiceprint alone."""
        ...
