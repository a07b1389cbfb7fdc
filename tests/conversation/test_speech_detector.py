"""Where speech begins and ends, chunk by chunk."""

from collections.abc import Iterable

from kouyu.conversation.speech_detector import SpeechDetector, samples_in

CHUNK_MS = 32
CHUNK = samples_in(CHUNK_MS)


def fed(probabilities: Iterable[float], detector: SpeechDetector | None = None) -> SpeechDetector:
    """A detector that has judged one chunk for each probability."""
    detector = detector or SpeechDetector()
    for probability in probabilities:
        detector.feed(detector.position + CHUNK, probability)
    return detector


def test_in_silence_there_is_no_speech_and_the_silence_grows() -> None:
    detector = fed([0.1] * 10)
    assert not detector.in_speech
    assert (detector.speech_ms, detector.silence_ms) == (0, 320)
    assert detector.speech_start == detector.position


def test_speech_is_counted_from_the_start_of_its_first_chunk() -> None:
    detector = fed([0.1] * 5 + [0.9] * 4)
    assert detector.in_speech
    assert detector.speech_start == 5 * CHUNK
    assert detector.speech_end == detector.position == 9 * CHUNK
    assert (detector.speech_ms, detector.silence_ms) == (4 * CHUNK_MS, 0)


def test_speech_goes_on_at_a_probability_that_would_not_begin_it() -> None:
    assert not fed([0.4]).in_speech
    assert fed([0.6, 0.4, 0.4]).in_speech
    assert not fed([0.6, 0.3]).in_speech
    assert not fed([0.6, 0.3, 0.4]).in_speech


def test_a_short_dip_does_not_restart_the_count() -> None:
    detector = fed([0.9] * 3 + [0.1] * 2 + [0.9])
    assert detector.speech_start == 0
    assert detector.speech_ms == 6 * CHUNK_MS


def test_a_longer_silence_restarts_the_count() -> None:
    detector = fed([0.9] * 3 + [0.1] * 3 + [0.9])
    assert detector.speech_start == 6 * CHUNK
    assert detector.speech_ms == CHUNK_MS


def test_silence_is_counted_from_the_end_of_the_last_speech_chunk() -> None:
    detector = fed([0.9] * 3 + [0.1] * 7)
    assert detector.speech_end == 3 * CHUNK
    assert (detector.speech_ms, detector.silence_ms) == (0, 7 * CHUNK_MS)


def test_speech_before_an_ignored_position_never_counts_even_when_it_is_judged_later() -> None:
    detector = fed([0.9] * 4)
    detector.ignore_before(8 * CHUNK)
    assert not detector.in_speech
    fed([0.9] * 4, detector)
    assert not detector.in_speech
    fed([0.9] * 2, detector)
    assert (detector.speech_start, detector.speech_ms) == (8 * CHUNK, 2 * CHUNK_MS)
