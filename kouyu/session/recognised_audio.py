"""What recognition hears of the user's audio: as it came in, or cleaned by noise suppression."""

from kouyu.audio.pcm import Samples, joined
from kouyu.audio.timeline import AudioTimeline


class RecognisedAudio:
    """Puts one of the two on a timeline; sample n of it is sample n of what came in, also where they change over.

    Noise suppression gives what is cleaned a little later than it came in.
    """

    def __init__(self, timeline: AudioTimeline) -> None:
        self._timeline = timeline
        self._received = 0
        self.cleaned = 0
        """How many samples have come out of noise suppression: as far as voice activity has heard."""

    def take(self, samples: Samples, cleaned: Samples, *, use_cleaned: bool) -> Samples:
        """``samples`` have come in, and ``cleaned`` has come out of noise suppression. Gives what is recognised."""
        given = self._timeline.end
        missing = self._received - given
        given_ahead = given - self.cleaned
        self._received += len(samples)
        self.cleaned += len(cleaned)
        still_cleaned = use_cleaned or missing > len(cleaned)
        heard = cleaned[given_ahead:] if still_cleaned else joined([cleaned[:missing], samples])
        self._timeline.append(heard)
        return heard
