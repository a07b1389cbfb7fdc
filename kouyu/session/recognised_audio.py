"""Selects the audio for recognition: as received, or cleaned by noise suppression."""

from kouyu.audio.pcm import Samples, joined
from kouyu.audio.timeline import AudioTimeline


class RecognisedAudio:
    """Yields received or cleaned samples for the timeline; its sample n is the n-th received one, also across a switch.

    Noise suppression delays the cleaned samples a little.
    """

    def __init__(self, timeline: AudioTimeline) -> None:
        self._timeline = timeline
        self._received = 0
        self.cleaned = 0
        """Number of samples that noise suppression has returned, and so VAD has received."""

    def take(self, samples: Samples, cleaned: Samples, *, use_cleaned: bool) -> Samples:
        """Take received ``samples`` and the ``cleaned`` ones that are ready; returns those to recognise."""
        given = self._timeline.end
        missing = self._received - given
        given_ahead = given - self.cleaned
        self._received += len(samples)
        self.cleaned += len(cleaned)
        if use_cleaned or missing > len(cleaned):
            heard = cleaned[given_ahead:]
        elif missing:
            heard = joined([cleaned[:missing], samples])
        else:
            heard = samples
        self._timeline.append(heard)
        return heard
