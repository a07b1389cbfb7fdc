import numpy as np
import pytest

from kouyu.audio.pcm import silence
from kouyu.engines.tts.edges import KEPT_AFTER, KEPT_BEFORE, QUIET, Trimming, is_quiet, trim

RATE = 24_000


def test_silence_around_speech_goes_and_a_margin_stays() -> None:
    tone = 0.3 * np.sin(np.arange(RATE) / 20).astype(np.float32)
    kept = trim(np.concatenate((silence(500, RATE), tone, silence(700, RATE))), RATE)
    assert abs(len(kept) / RATE - (1.0 + KEPT_BEFORE + KEPT_AFTER)) < 0.01
    assert kept[0] == kept[-1] == 0.0
    assert kept.dtype == np.float32


def test_of_silence_nothing_stays() -> None:
    assert len(trim(silence(500, RATE), RATE)) == len(trim(np.zeros(0, np.float32), RATE)) == 0


def test_the_model_s_own_samples_are_not_changed() -> None:
    samples = np.full(2400, 0.5, np.float32)
    trim(samples, RATE)
    assert (samples == 0.5).all()


@pytest.mark.parametrize("seed", range(20))
def test_in_parts_the_same_is_kept_as_in_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    loud = [np.float32(level) for level in random.choice([0.0, 0.004, 0.3], 12)]
    speech = np.concatenate([level * random.uniform(-1, 1, random.integers(50, 4000)) for level in loud])
    speech = speech.astype(np.float32)
    cuts = np.sort(random.integers(0, len(speech), 15))
    trimming = Trimming(RATE)
    parts = [trimming.feed(part) for part in np.split(speech, cuts)]
    kept = np.concatenate([*parts, trimming.end()])
    assert np.array_equal(kept, trim(speech, RATE))


def test_speech_is_given_out_before_its_end_is_known() -> None:
    trimming = Trimming(RATE)
    given = trimming.feed(np.full(RATE, 0.5, np.float32))
    assert len(given) > 0.9 * RATE
    assert given[0] == 0.0
    assert trimming.end()[-1] == 0.0


def test_quiet_is_what_has_no_loud_frame() -> None:
    samples = np.full(1000, QUIET / 2, np.float32)
    assert is_quiet(samples, 100)
    samples[400:500] = 2 * QUIET
    assert not is_quiet(samples, 100)
    assert is_quiet(samples[:0], 100)
