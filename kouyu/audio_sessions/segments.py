"""Where a stream of speech may be cut for recognition: at its pauses, and at its quietest place where it has none."""

import msgspec

from kouyu.conversation.speech_detector import SpeechDetector, samples_in

_SPEECH_START_MS = 96
"""Speech that opens a segment; less is a click."""
_BEFORE_MS = 300
_BEHIND_MS = 200
"""Audio around the speech that belongs to a segment: soft beginnings and ends that voice activity does not hear."""


class SegmentRules(msgspec.Struct, frozen=True, kw_only=True):
    """When a segment ends: ms of the user's audio."""

    pause_ms: int
    """Silence after which it is over."""
    longest_ms: int
    """Length at which it is cut though no pause has come."""


class Segment(msgspec.Struct, frozen=True):
    """Audio that is recognised as one: from sample ``start`` to before ``end``."""

    start: int
    end: int

    @property
    def duration_ms(self) -> int:
        """Its length."""
        return (self.end - self.start) // samples_in(1)


class Segmenter:
    """Cuts one connection's audio, in audio time alone."""

    def __init__(self, rules: SegmentRules) -> None:
        self._rules = rules
        self._detector = SpeechDetector()
        self._start: int | None = None
        self._free_from = 0
        """Audio before belongs to a segment already, or is thrown away."""

    def feed(self, end: int, probability: float) -> Segment | None:
        """Take in the judgement of the chunk before the sample ``end``; the segment that is over with it, if one is."""
        detector = self._detector
        detector.feed(end, probability)
        if self._start is None:
            if detector.speech_ms >= _SPEECH_START_MS:
                self._start = max(self._free_from, detector.speech_start - samples_in(_BEFORE_MS))
            return None
        return self._closed() if detector.silence_ms >= self._rules.pause_ms else None

    @property
    def open(self) -> Segment | None:
        """The segment in progress, as far as it has come."""
        return None if self._start is None else Segment(self._start, self._detector.position)

    @property
    def too_long(self) -> bool:
        """The segment in progress must be cut."""
        return self.open is not None and self.open.duration_ms >= self._rules.longest_ms

    def cut(self, at: int) -> Segment:
        """End the segment in progress before the sample ``at``; what is behind it begins the next one."""
        assert self._start is not None
        segment = Segment(self._start, at)
        self._start = self._free_from = at
        return segment

    def finish(self) -> Segment | None:
        """The audio is over: the segment in progress ends with it."""
        segment = self._closed() if self._start is not None else None
        self.forget()
        return segment

    def forget(self) -> None:
        """What comes next has nothing to do with what came before."""
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
