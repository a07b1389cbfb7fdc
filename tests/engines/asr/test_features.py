import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.engines.asr.features import BANDS, log_mel


def tone(hz: float, samples: int = 3200) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(samples) / 16_000)).astype(np.float32)


def test_the_numbers_are_those_of_whispers_own_features() -> None:
    """Expected: the means over frames and over bands that faster-whisper 1.2.1 computes of the same chirp."""
    seconds = np.arange(4800) / 16_000
    chirp = (0.4 * np.sin(2 * np.pi * (100 + 9000 * seconds) * seconds)).astype(np.float32)
    features = log_mel(chirp)
    assert features.shape == (BANDS, 30)
    by_band = [
        -0.5490999817848206,
        -0.4625000059604645,
        -0.41260001063346863,
        -0.3880000114440918,
        -0.3921000063419342,
        -0.39480000734329224,
        -0.39910000562667847,
        -0.3939000070095062,
        -0.37630000710487366,
        -0.6624000072479248,
    ]
    by_frame = [
        0.1242000013589859,
        -0.24500000476837158,
        -0.39169999957084656,
        -0.4909999966621399,
        -0.539900004863739,
        -0.5688999891281128,
        -0.5875999927520752,
        -0.6007000207901001,
    ]
    assert features.mean(axis=1)[::8] == pytest.approx(by_band, abs=1e-4)
    assert features.mean(axis=0)[::4] == pytest.approx(by_frame, abs=1e-4)


@pytest.mark.parametrize(("hz", "band"), [(200, 4), (1000, 26), (3000, 54), (7500, 78)])
def test_a_tone_is_loudest_in_its_band(hz: float, band: int) -> None:
    assert abs(int(log_mel(tone(hz)).mean(axis=1).argmax()) - band) <= 1


def test_there_is_a_frame_for_every_ten_milliseconds() -> None:
    assert log_mel(tone(440, 16_000)).shape == (BANDS, 100)


def test_what_is_much_fainter_than_the_loudest_is_raised() -> None:
    features = log_mel(np.concatenate([tone(440), np.zeros(3200, np.float32)]))
    assert features.max() - features.min() == pytest.approx(8 / 4)


def test_silence_is_no_error() -> None:
    assert np.allclose(log_mel(np.zeros(1600, np.float32)), (-10 + 4) / 4)
