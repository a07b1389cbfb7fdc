import numpy as np

from kouyu.engines.tts.edges import KEPT_AFTER, KEPT_BEFORE, silence, trim

RATE = 24_000


def test_silence_around_speech_goes_and_a_margin_stays() -> None:
    tone = 0.3 * np.sin(np.arange(RATE) / 20).astype(np.float32)
    kept = trim(np.concatenate((silence(0.5, RATE), tone, silence(0.7, RATE))), RATE)
    assert abs(len(kept) / RATE - (1.0 + KEPT_BEFORE + KEPT_AFTER)) < 0.01
    assert kept[0] == kept[-1] == 0.0
    assert kept.dtype == np.float32


def test_of_silence_nothing_stays() -> None:
    assert len(trim(silence(0.5, RATE), RATE)) == len(trim(np.zeros(0, np.float32), RATE)) == 0


def test_the_model_s_own_samples_are_not_changed() -> None:
    samples = np.full(2400, 0.5, np.float32)
    trim(samples, RATE)
    assert (samples == 0.5).all()
