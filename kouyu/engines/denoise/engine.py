"""The interfaces of noise suppression: remove steady noise, or other voices, from the user's audio as it arrives."""

from typing import Protocol

from kouyu.audio.pcm import Samples
from kouyu.engines.voiceprint.engine import Voiceprint


class SuppressionStream(Protocol):
    """Noise suppression of one session's audio.

    The timeline stays exact: over the whole stream, flushes included, output sample n is input sample n, cleaned.
    Audio is at SPEECH_RATE.
    """

    def feed(self, samples: Samples) -> Samples:
        """Feed samples and return the output that is ready; at most 20 ms of the input are held back.

        Called on the event loop, a few ms of audio at a time: it may take 1 % of the audio's duration.
        """
        ...

    def flush(self) -> Samples:
        """Return the rest. More may be fed: the noise estimate is kept."""
        ...


class NoiseSuppressor(Protocol):
    """A noise suppression engine: opens a stream for each session."""

    def open(self) -> SuppressionStream:
        """Open a stream without a noise estimate."""
        ...


class VoiceExtractor(Protocol):
    """Extracts one speaker's voice from a mixture of simultaneous voices.

    No built-in engine implements this, and nothing uses it yet: the speaker gate separates voices only if they speak
    one after the other. It is the interface for an engine that would run before the gate.
    """

    def open(self, voiceprint: Voiceprint) -> SuppressionStream:
        """Open a stream whose output is the speaker of this voiceprint alone."""
        ...
