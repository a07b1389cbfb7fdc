import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from kouyu.model_files.torch_checkpoint import BadCheckpoint
from kouyu.weights.speaker_encoder import speaker_encoder
from tests.weights.checkpoints import checkpoint_of

Array = NDArray[np.float32]


def random_network() -> dict[str, Array]:
    rng = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {"linear.weight": (256, 256), "linear.bias": (256,)}
    for layer in range(3):
        shapes |= {
            f"lstm.weight_ih_l{layer}": (1024, 256 if layer else 40),
            f"lstm.weight_hh_l{layer}": (1024, 256),
            f"lstm.bias_ih_l{layer}": (1024,),
            f"lstm.bias_hh_l{layer}": (1024,),
        }
    return {name: rng.normal(scale=0.1, size=shape).astype(np.float32) for name, shape in shapes.items()}


def as_torch_computes(network: dict[str, Array], mels: Array) -> Array:
    """The equations in torch's documentation of LSTM, gate by gate."""

    def sigmoid(x: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(-x)), np.float32)

    frames = mels
    state = np.zeros((mels.shape[1], 256), np.float32)
    for layer in range(3):
        into, of = (network[f"lstm.weight_{kind}_l{layer}"].T for kind in ("ih", "hh"))
        bias = network[f"lstm.bias_ih_l{layer}"] + network[f"lstm.bias_hh_l{layer}"]
        state, cell = np.zeros_like(state), np.zeros_like(state)
        outputs = []
        for frame in frames:
            i, f, g, o = np.split(frame @ into + state @ of + bias, 4, axis=1)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            state = sigmoid(o) * np.tanh(cell)
            outputs.append(state)
        frames = np.stack(outputs)
    raw = np.maximum(0, state @ network["linear.weight"].T + network["linear.bias"])
    normalised: Array = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    return normalised


@pytest.mark.parametrize("batch", [1, 3])
def test_the_model_computes_what_torch_does(batch: int) -> None:
    network = random_network()
    mels = np.random.default_rng(1).random((20, batch, 40), np.float32)
    session = onnxruntime.InferenceSession(speaker_encoder(checkpoint_of(network)))
    (voiceprints,) = session.run(None, {"mels": mels})
    np.testing.assert_allclose(voiceprints, as_torch_computes(network, mels), atol=1e-5)


def test_the_same_checkpoint_gives_the_same_bytes() -> None:
    content = checkpoint_of(random_network())
    assert speaker_encoder(content) == speaker_encoder(content)


def test_a_checkpoint_of_another_network_is_refused() -> None:
    network = random_network()
    del network["lstm.bias_hh_l2"]
    with pytest.raises(BadCheckpoint, match="no such network"):
        speaker_encoder(checkpoint_of(network))
