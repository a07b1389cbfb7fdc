import numpy as np
import onnxruntime
import pytest

from kouyu.model_files.torch_checkpoint import BadCheckpoint
from kouyu.weights.campplus import campplus
from tests.weights.campplus_in_numpy import CamPlusPlus, random_tensors
from tests.weights.checkpoints import zipped_checkpoint_of

TENSORS = random_tensors()
CHECKPOINT = zipped_checkpoint_of(TENSORS)


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(campplus(CHECKPOINT))


@pytest.mark.parametrize("frames", [7, 150, 199, 200, 201, 430])
def test_the_model_computes_what_3d_speaker_does(session: onnxruntime.InferenceSession, frames: int) -> None:
    """Lengths around a whole segment of 100 steps of two frames among them."""
    features = np.random.default_rng(frames).normal(0, 2, (frames, 80)).astype(np.float32)
    (voiceprints,) = session.run(None, {"features": features[None]})
    np.testing.assert_allclose(voiceprints[0], CamPlusPlus(TENSORS).voiceprint(features), atol=1e-4)


def test_the_same_checkpoint_gives_the_same_bytes() -> None:
    assert campplus(CHECKPOINT) == campplus(CHECKPOINT)


def test_a_checkpoint_of_another_network_is_refused() -> None:
    tensors = dict(TENSORS)
    del tensors["xvector.block3.tdnnd16.linear1.weight"]
    with pytest.raises(BadCheckpoint, match="no such network"):
        campplus(zipped_checkpoint_of(tensors))
