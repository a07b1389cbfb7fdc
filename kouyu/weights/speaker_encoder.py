"""Converts the GE2E speaker encoder's torch checkpoint to an ONNX model.

The network: three LSTM layers of 256 over 40 mel bands, the last state through one linear layer and a ReLU, brought to
length 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.model_files.onnx_file import Graph, Node, Value, onnx_model
from kouyu.model_files.torch_checkpoint import BadCheckpoint, read_tensors

BANDS: Final = 40
LAYERS: Final = 3
HIDDEN: Final = 256
EMBEDDING: Final = 256

_GATES: Final = (0, 3, 1, 2)
"""Gate order: torch has input, forget, cell, output; ONNX has input, output, forget, cell."""

Tensors = Mapping[str, NDArray[np.float32]]


def speaker_encoder(checkpoint: bytes) -> bytes:
    """The model: ``mels`` (frames, batch, BANDS) to ``voiceprints`` (batch, EMBEDDING). Raises BadCheckpoint."""
    tensors = read_tensors(checkpoint, "model_state")
    weights: dict[str, NDArray[np.float32]] = {}
    try:
        for layer in range(LAYERS):
            weights |= _layer_weights(tensors, layer)
        weights |= {"linear_weight": tensors["linear.weight"], "linear_bias": tensors["linear.bias"]}
    except (KeyError, ValueError) as error:
        raise BadCheckpoint(f"it holds no such network: {error}") from error
    graph = Graph(
        name="speaker encoder",
        nodes=[*(node for layer in range(LAYERS) for node in _layer(layer)), *_projection()],
        weights=weights,
        inputs=[Value("mels", ["frames", "batch", BANDS])],
        outputs=[Value("voiceprints", ["batch", EMBEDDING])],
    )
    return onnx_model(graph, producer="kouyu")


def _layer_weights(tensors: Tensors, layer: int) -> Tensors:
    inputs = tensors[f"lstm.weight_ih_l{layer}"]
    states = tensors[f"lstm.weight_hh_l{layer}"]
    biases = np.concatenate(
        (_in_order(tensors[f"lstm.bias_ih_l{layer}"]), _in_order(tensors[f"lstm.bias_hh_l{layer}"]))
    )
    return {
        f"lstm_{layer}_inputs": _in_order(inputs)[None],
        f"lstm_{layer}_states": _in_order(states)[None],
        f"lstm_{layer}_biases": biases[None],
    }


def _in_order(gates: NDArray[np.float32]) -> NDArray[np.float32]:
    parts = np.split(gates, 4)
    return np.concatenate([parts[gate] for gate in _GATES])


def _layer(layer: int) -> list[Node]:
    """An LSTM layer; the direction is squeezed out of its output (frames, 1, batch, HIDDEN)."""
    source = "mels" if layer == 0 else f"frames_{layer - 1}"
    weights = [f"lstm_{layer}_{part}" for part in ("inputs", "states", "biases")]
    return [
        Node("LSTM", [source, *weights], [f"output_{layer}", f"state_{layer}"], {"hidden_size": HIDDEN}),
        Node("Squeeze", [f"output_{layer}"], [f"frames_{layer}"], {"axes": (1,)}),
    ]


def _projection() -> list[Node]:
    """From the last layer's last state (1, batch, HIDDEN) to the voiceprint."""
    return [
        Node("Squeeze", [f"state_{LAYERS - 1}"], ["last_state"], {"axes": (0,)}),
        Node("Gemm", ["last_state", "linear_weight", "linear_bias"], ["projected"], {"transB": 1}),
        Node("Relu", ["projected"], ["positive"]),
        Node("LpNormalization", ["positive"], ["voiceprints"], {"axis": 1, "p": 2}),
    ]
