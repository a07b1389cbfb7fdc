"""Where speech is cut for recognition."""

from itertools import pairwise

import pytest

from kouyu.audio_sessions.segments import Segment, Segmenter, SegmentRules

CHUNK = 512
RULES = SegmentRules(pause_ms=800, longest_ms=10_000)


def ms(samples: int) -> int:
    return samples * 1000 // 16_000


class Fed:
    """A segmenter that is fed in milliseconds."""

    def __init__(self) -> None:
        self.segmenter = Segmenter(RULES)
        self.position = 0
        self.closed: list[Segment] = []

    def feed(self, duration_ms: int, probability: float) -> None:
        for _ in range(duration_ms // 32):
            self.position += CHUNK
            segment = self.segmenter.feed(self.position, probability)
            self.closed += [segment] if segment else []

    def speech(self, duration_ms: int) -> None:
        self.feed(duration_ms, 0.95)

    def silence(self, duration_ms: int) -> None:
        self.feed(duration_ms, 0.01)


def test_a_segment_has_its_speech_and_a_little_on_both_sides() -> None:
    fed = Fed()
    fed.silence(1_000)
    fed.speech(2_000)
    fed.silence(1_000)
    (segment,) = fed.closed
    assert ms(segment.start) == pytest.approx(1_000 - 300, abs=40)
    assert ms(segment.end) == pytest.approx(3_000 + 200, abs=40)


def test_a_pause_within_a_sentence_does_not_cut_it() -> None:
    fed = Fed()
    fed.speech(1_000)
    fed.silence(640)
    fed.speech(1_000)
    fed.silence(1_000)
    assert len(fed.closed) == 1


def test_segments_do_not_overlap() -> None:
    fed = Fed()
    for _ in range(3):
        fed.speech(500)
        fed.silence(832)
    assert len(fed.closed) == 3
    assert all(one.end <= other.start for one, other in pairwise(fed.closed))


def test_a_click_opens_nothing() -> None:
    fed = Fed()
    fed.speech(64)
    fed.silence(500)
    assert fed.segmenter.open is None
    assert fed.segmenter.finish() is None


def test_speech_without_a_pause_is_cut_at_the_given_place() -> None:
    fed = Fed()
    too_long = []
    for speech_ms in (9_000, 1_500):
        fed.speech(speech_ms)
        too_long.append(fed.segmenter.too_long)
    first = fed.segmenter.cut(8 * 16_000)
    assert first.end == 8 * 16_000
    assert [*too_long, fed.segmenter.too_long] == [False, True, False]
    fed.silence(1_000)
    assert fed.closed[0].start == first.end


def test_what_is_over_ends_what_is_being_said() -> None:
    fed = Fed()
    fed.silence(320)
    fed.speech(960)
    segment = fed.segmenter.finish()
    assert segment is not None
    assert segment.end == fed.position


def test_what_is_forgotten_does_not_come_back() -> None:
    fed = Fed()
    fed.speech(1_600)
    fed.segmenter.forget()
    at = fed.position
    fed.speech(64)  # the end of a word that is forgotten with it
    fed.silence(1_000)
    assert fed.closed == []
    fed.speech(640)
    fed.silence(1_000)
    (segment,) = fed.closed
    assert segment.start >= at
