import logging

import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from kouyu.session.noise_suppression import NoiseSuppression


class Halving:
    """A suppressor that makes everything half as loud, and is ten samples behind."""

    def __init__(self) -> None:
        self.streams = 0
        self._inside = np.empty(0, np.float32)

    def open(self) -> "Halving":
        self.streams += 1
        return self

    def feed(self, samples: Samples) -> Samples:
        audio = np.concatenate((self._inside, samples * np.float32(0.5)))
        ready, self._inside = audio[:-10], audio[-10:]
        return ready

    def flush(self) -> Samples:
        rest, self._inside = self._inside, np.empty(0, np.float32)
        return rest


AUDIO = np.ones(100, np.float32)


def test_off_the_samples_pass_untouched_and_nothing_is_opened() -> None:
    suppressor = Halving()
    suppression = NoiseSuppression(suppressor)
    assert suppression.clean(AUDIO, enabled=False) is AUDIO
    assert len(suppression.flush()) == 0
    assert suppressor.streams == 0


def test_switched_in_the_middle_every_sample_stays_in_its_place() -> None:
    suppression = NoiseSuppression(Halving())
    pieces = [suppression.clean(AUDIO, enabled=enabled) for enabled in (False, True, True, False, False)]
    heard = np.concatenate(pieces)
    assert np.array_equal(heard, np.repeat([1, 0.5, 0.5, 1, 1], 100))
    assert [len(piece) for piece in pieces] == [100, 90, 100, 110, 100]


def test_a_completed_buffer_holds_all_of_its_audio() -> None:
    suppression = NoiseSuppression(Halving())
    heard = [suppression.clean(AUDIO, enabled=True), suppression.flush()]
    assert sum(map(len, heard)) == len(AUDIO)
    assert len(suppression.clean(AUDIO, enabled=True)) == 90


def test_without_an_engine_the_audio_stays_as_it_is_and_the_log_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    suppression = NoiseSuppression(None)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            assert suppression.clean(AUDIO, enabled=True) is AUDIO
    assert len(suppression.flush()) == 0
    assert caplog.text.count("enable_ans") == 1
