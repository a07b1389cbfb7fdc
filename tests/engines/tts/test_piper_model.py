"""The Piper voice in parts, with its real weights."""

import numpy as np
import pytest

from kouyu.engines.tts.piper_model import FIRST_FRAMES, FLOW_FRAMES, FLOW_SURROUNDINGS, FRAME, MOST_FRAMES, PiperModel
from kouyu.weights.cache import folder

pytestmark = pytest.mark.models

PHONEMES = [1, 0, *[phoneme for number in range(14, 74) for phoneme in (number, 0)], 2]
WITHOUT_NOISE = np.array([0.0, 1.5, 0.0], np.float32)


@pytest.fixture(scope="module")
def model() -> PiperModel:
    return PiperModel(folder("piper-joe") / "en_US-joe-medium.onnx", threads=1, weight_set="piper-joe")


def test_the_first_part_is_short_and_no_part_is_long(model: PiperModel) -> None:
    lengths = [len(part) // FRAME for part in model.speak(PHONEMES, WITHOUT_NOISE)]
    assert lengths[0] == FIRST_FRAMES
    assert len(lengths) > 3
    assert max(lengths) < MOST_FRAMES + FIRST_FRAMES


def test_the_parts_are_the_samples_of_the_whole(model: PiperModel, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken = list(model.speak(PHONEMES, WITHOUT_NOISE))
    parts = np.concatenate(spoken)
    assert len(parts) // FRAME > FLOW_FRAMES + 4 * FLOW_SURROUNDINGS, "long enough for the flow to run three times"
    monkeypatch.setattr("kouyu.engines.tts.piper_model.FIRST_FRAMES", 10_000)
    (whole,) = model.speak(PHONEMES, WITHOUT_NOISE)
    assert np.abs(whole).max() > 0.05
    assert np.abs(parts - whole).max() < 1e-4
