"""Cuts a stream of speech into segments for recognition: at pauses, or at its quietest place if it has none."""

import msgspec

from kouyu.conversation.speech_detector import SpeechDetector, samples_in

_SPEECH_START_MS = 96
"""Least speech that opens a segment, in ms; less is a click."""
_BEFORE_MS = 300
_BEHIND_MS = 200
"""Audio around the speech of a segment, in ms: soft onsets and ends that VAD misses."""


class SegmentRules(msgspec.Struct, frozen=True, kw_only=True):
    """When a segment ends, in ms of the user's audio."""

    pause_ms: int
    """Silence that ends it."""
    longest_ms: int
    """Length at which it is cut without a pause."""


class Segment(msgspec.Struct, frozen=True):
    """Audio that is recognised as a whole: samples ``start`` to before ``end``."""

    start: int
    end: int

    @property
    def duration_ms(self) -> int:
        """Length in ms."""
        return (self.end - self.start) // samples_in(1)


class Segmenter:
    """Cuts one connection's audio, by audio time alone."""

    def __init__(self, rules: SegmentRules) -> None:
        self._rules = rules
        self._detector = SpeechDetector()
        self._start: int | None = None
        self._free_from = 0
        """Earlier audio belongs to a segment already, or is discarded."""

    def feed(self, end: int, probability: float) -> Segment | None:
        """Take the VAD probability of the chunk that ends at sample ``end``; return the segment it ends, or None."""
        detector = self._detector
        detector.feed(end, probability)
        if self._start is None:
            if detector.speech_ms >= _SPEECH_START_MS:
                self._start = max(self._free_from, detector.speech_start - samples_in(_BEFORE_MS))
            return None
        return self._closed() if detector.silence_ms >= self._rules.pause_ms else None

    @property
    def open(self) -> Segment | None:
        """The segment in progress, up to now."""
        return None if self._start is None else Segment(self._start, self._detector.position)

    @property
    def too_long(self) -> bool:
        """Whether the segment in progress must be cut."""
        return self.open is not None and self.open.duration_ms >= self._rules.longest_ms

    def cut(self, at: int) -> Segment:
        """End the segment in progress before the sample ``at``; the rest starts the next one."""
        assert self._start is not None
        segment = Segment(self._start, at)
        self._start = self._free_from = at
        return segment

    def finish(self) -> Segment | None:
        """End the audio, and return the segment in progress, if any."""
        segment = self._closed() if self._start is not None else None
        self.forget()
        return segment

    def forget(self) -> None:
        """Discard the segment in progress: the next audio is unrelated to it."""
        self._start = None
        self._free_from = self._detector.position
        self._detector.ignore_before(self._detector.position)

    def _closed(self) -> Segment:
        assert self._start is not None
        end = min(self._detector.speech_end + samples_in(_BEHIND_MS), self._detector.position)
        segment = Segment(self._start, max(end, self._start))
        self._start = None
        self._free_from = segment.end
        return segment
