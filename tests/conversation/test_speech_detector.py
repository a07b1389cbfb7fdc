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


def test_speech_continues_at_a_probability_that_would_not_begin_it() -> None:
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


def test_a_closure_that_vad_takes_for_speech_does_not_restart_the_count() -> None:
    detector = SpeechDetector()
    levels = [-20.0] * 3 + [-70.0] * 3 + [-20.0]
    for level in levels:
        detector.feed(detector.position + CHUNK, 0.9, (level,) * 4)
    assert detector.speech_start == 0
    assert detector.speech_ms == 7 * CHUNK_MS


def test_speech_begins_with_the_faint_chunk_before_it() -> None:
    assert fed([0.1, 0.3, 0.9]).speech_start == CHUNK
    assert fed([0.3, 0.1, 0.9]).speech_start == 2 * CHUNK
    assert not fed([0.3, 0.3]).in_speech


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


SPEECH = (-20.0, -20.0, -20.0, -20.0)
FADING = (-30.0, -59.0, -61.0, -80.0)
FADED = (-70.0, -75.0, -80.0, -80.0)


def heard(*chunks: tuple[float, tuple[float, ...]]) -> SpeechDetector:
    """A detector that has judged chunks of these probabilities and levels."""
    detector = SpeechDetector()
    for probability, levels in chunks:
        detector.feed(detector.position + CHUNK, probability, levels)
    return detector


def test_speech_ends_where_its_level_falls_although_voice_activity_continues() -> None:
    detector = heard(*[(0.9, SPEECH)] * 10, (0.9, FADING), (0.9, FADED), (0.8, FADED))
    assert detector.speech_end == 10 * CHUNK + CHUNK // 2
    assert not detector.in_speech
    assert detector.silence_ms == 2 * CHUNK_MS + CHUNK_MS // 2


def test_in_noise_speech_ends_where_voice_activity_says_so() -> None:
    noise = (-50.0, -50.0, -50.0, -50.0)
    detector = heard(*[(0.9, SPEECH)] * 10, (0.9, noise), (0.9, noise), (0.1, noise))
    assert detector.speech_end == 12 * CHUNK


def test_soft_speech_that_continues_is_speech_once_the_loud_one_is_forgotten() -> None:
    soft = (-66.0,) * 4
    detector = heard(*[(0.9, SPEECH)] * 10, *[(0.9, soft)] * 10)
    assert detector.speech_end == 10 * CHUNK
    later = heard(*[(0.9, SPEECH)] * 10, *[(0.1, FADED)] * 100, *[(0.9, soft)] * 10)
    assert later.in_speech


def test_noise_that_is_no_speech_makes_no_speech_soft() -> None:
    bang = (0.0,) * 4
    assert heard((0.1, bang), *[(0.9, (-50.0,) * 4)] * 5).in_speech
