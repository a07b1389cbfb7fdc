import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.engines.paralinguistics.pitch_gender import FEMALE_ABOVE_HZ, MALE_BELOW_HZ, PitchGender, gender_of
from tests.fields.spoken import recording

RNG = np.random.default_rng(0)


def voice(hertz: float, seconds: float = 1.0) -> NDArray[np.float32]:
    """A voice that goes a little up and down."""
    at = np.arange(int(seconds * 16_000)) / 16_000
    phase = 2 * np.pi * hertz * (at + 0.005 * np.sin(2 * np.pi * 3 * at))
    waves = [0.1 / number * np.cos(number * phase) for number in range(1, 8)]
    return np.asarray(np.sum(waves, axis=0), np.float32)


def in_noise(speech: NDArray[np.float32], ratio_db: float) -> NDArray[np.float32]:
    noise = RNG.normal(size=len(speech)) * np.sqrt(np.mean(np.square(speech))) * 10 ** (-ratio_db / 20)
    return np.asarray(speech + noise, np.float32)


async def test_a_low_voice_is_a_mans_and_a_high_one_a_womans() -> None:
    judged = [await PitchGender().gender(voice(hertz)) for hertz in (85, 120, MALE_BELOW_HZ - 4)]
    assert judged == ["male"] * 3
    judged = [await PitchGender().gender(voice(hertz)) for hertz in (FEMALE_ABOVE_HZ + 4, 220, 330)]
    assert judged == ["female"] * 3


def test_between_the_two_limits_there_is_no_result() -> None:
    assert gender_of(voice((MALE_BELOW_HZ + FEMALE_ABOVE_HZ) / 2)) is None


def test_too_little_voice_and_no_voice_say_nothing() -> None:
    for speech in (voice(100, 0.2), np.zeros(0), np.zeros(32_000), RNG.normal(scale=0.1, size=32_000)):
        assert gender_of(speech.astype(np.float32)) is None


def test_two_voices_of_different_height_say_nothing() -> None:
    assert gender_of(np.concatenate([voice(90, 2), voice(260, 2)])) is None


def test_how_loud_somebody_speaks_does_not_matter() -> None:
    assert {gender_of(np.float32(loudness) * voice(100)) for loudness in (0.003, 0.1, 1.0)} == {"male"}


def test_of_a_long_turn_the_end_counts() -> None:
    assert gender_of(np.concatenate([voice(90, 10), voice(260, 8)])) == "female"


@pytest.mark.parametrize(("name", "gender"), [("en-story", "male"), ("en-sky", "male"), ("zh-story", "female")])
@pytest.mark.parametrize("ratio_db", [60.0, 20.0, 10.0])
def test_spoken_questions_are_judged_right_also_in_noise(name: str, gender: str, ratio_db: float) -> None:
    assert gender_of(in_noise(recording(name), ratio_db)) == gender


@pytest.mark.parametrize(("name", "gender"), [("en-story", "male"), ("en-help", "male"), ("zh-story", "female")])
def test_a_telephone_does_not_hide_it(name: str, gender: str) -> None:
    speech = recording(name)
    spectrum, hertz = np.fft.rfft(speech), np.fft.rfftfreq(len(speech), 1 / 16_000)
    by_telephone = np.fft.irfft(spectrum * ((hertz >= 300) & (hertz <= 3400)), len(speech))
    assert gender_of(by_telephone.astype(np.float32)) == gender
