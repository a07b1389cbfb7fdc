"""Speech slower and faster than a voice can speak."""

import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from kouyu.audio.tempo import Tempo
from tests.audio.signals import level_db

RATE = 24_000


def played(sound: Samples, speed: float, piece: int = 2_000) -> Samples:
    tempo = Tempo(speed, RATE)
    parts = [tempo.feed(sound[at : at + piece]) for at in range(0, len(sound), piece)]
    return np.concatenate([*parts, tempo.flush()])


@pytest.mark.parametrize("speed", [0.2, 0.4, 0.75, 1.5, 3.0])
def test_the_length_changes_and_the_pitch_stays(speed: float) -> None:
    tone = (0.3 * np.sin(np.arange(2 * RATE) * 2 * np.pi * 300 / RATE)).astype(np.float32)
    heard = played(tone, speed)
    assert len(heard) / len(tone) == pytest.approx(1 / speed, rel=0.05)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert np.argmax(spectrum) * RATE / len(heard) == pytest.approx(300, abs=5)
    middle = heard[len(heard) // 4 : -len(heard) // 4]
    assert level_db(middle) == pytest.approx(level_db(tone), abs=1)


def test_nothing_in_gives_nothing_out() -> None:
    assert len(played(np.zeros(0, np.float32), 0.5)) == 0
