import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.noise_padding import with_pause

Audio = NDArray[np.float32]


def noise(seconds: float, level: float) -> Audio:
    samples = np.random.default_rng(1).normal(0, level, round(seconds * SPEECH_RATE))
    return samples.astype(np.float32)


def level(audio: Audio) -> float:
    return float(np.sqrt(np.square(audio).mean()))


def test_the_audio_comes_first_and_unchanged() -> None:
    audio = noise(1.0, 0.1)
    padded = with_pause(audio, 5.0)
    assert padded.dtype == np.float32
    assert len(padded) == 5 * SPEECH_RATE
    np.testing.assert_array_equal(padded[: len(audio)], audio)


def test_the_pause_is_as_loud_as_the_room_and_not_as_the_speech() -> None:
    speech = noise(1.5, 0.1)
    speech[: SPEECH_RATE // 4] = noise(0.25, 0.001)
    assert 0.0007 < level(with_pause(speech, 5.0)[len(speech) :]) < 0.0013


def test_behind_digital_silence_there_is_digital_silence() -> None:
    speech = noise(1.5, 0.1)
    speech[: SPEECH_RATE // 4] = 0.0
    assert not with_pause(speech, 5.0)[len(speech) :].any()


def test_the_same_audio_gives_the_same_samples() -> None:
    audio = noise(0.05, 0.1)
    np.testing.assert_array_equal(with_pause(audio, 30.0), with_pause(audio, 30.0))


def test_audio_that_is_long_enough_is_left_alone() -> None:
    audio = noise(2.0, 0.1)
    assert with_pause(audio, 2.0) is audio
