"""Converts the CAM++ speaker encoder's torch checkpoint to an ONNX model.

The network of 3D-Speaker (Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using
Context-Aware Masking", arXiv 2303.00332): a head of two-dimensional convolutions, three densely connected blocks of
convolutions over time with a context-aware mask each, the mean and deviation over time, one linear layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.model_files.onnx_file import Graph, Node, Value, onnx_model
from kouyu.model_files.torch_checkpoint import BadCheckpoint, read_zipped_tensors

BANDS: Final = 80
EMBEDDING: Final = 192

BLOCKS: Final = ((12, 1), (24, 2), (16, 2))
"""Of each dense block: how many layers, and their dilation."""
SEGMENT: Final = 100
"""Frames after the first convolution (20 ms each) over which a layer's local context is averaged."""
_EPSILON: Final = 1e-5
"""Of torch's batch normalisation."""
_END: Final = np.iinfo(np.int64).max

Floats = NDArray[np.float32]


def campplus(checkpoint: bytes) -> bytes:
    """The model: ``features`` (1, frames, BANDS) to ``voiceprints`` (1, EMBEDDING), of length 1. Raises BadCheckpoint.

    It needs 7 frames or more.
    """
    tensors = read_zipped_tensors(checkpoint)
    try:
        network = _Network(tensors)
        network.build()
    except (KeyError, ValueError) as error:
        raise BadCheckpoint(f"it holds no such network: {error}") from error
    graph = Graph(
        name="CAM++",
        nodes=network.nodes,
        weights=network.weights,
        inputs=[Value("features", [1, "frames", BANDS])],
        outputs=[Value("voiceprints", [1, EMBEDDING])],
    )
    return onnx_model(graph, producer="kouyu")


class _Network:
    """The nodes and weights of the graph, in the order in which they are computed."""

    def __init__(self, tensors: Mapping[str, Floats]) -> None:
        self._tensors = tensors
        self.nodes: list[Node] = []
        self.weights: dict[str, NDArray[np.generic]] = {
            "end": np.array([_END]),
            "zero": np.array([0]),
            "one_number": np.array(1.0, np.float32),
            "last_axis": np.array([2]),
            "repeated": np.array([1, 1, 1, SEGMENT]),
            "flat_bands": np.array([0, -1, 0]),
            "flat_segments": np.array([0, 0, -1]),
        }

    def build(self) -> None:
        """Write the whole network. Raises KeyError, ValueError."""
        x = self._head()
        x = self._convolution(x, "xvector.tdnn.linear", "xvector.tdnn.nonlinear.batchnorm", strides=(2,), pads=(2, 2))
        x = self._add("Relu", x)
        for number, (layers, dilation) in enumerate(BLOCKS, 1):
            for layer in range(1, layers + 1):
                more = self._dense(x, f"xvector.block{number}.tdnnd{layer}", dilation)
                x = self._add("Concat", x, more, axis=1)
            transit = f"xvector.transit{number}"
            x = self._normalised(x, f"{transit}.nonlinear.batchnorm")
            x = self._convolution(x, f"{transit}.linear")
        x = self._normalised(x, "xvector.out_nonlinear.batchnorm")
        pooled = self._add("Concat", *self._mean_and_deviation(x), axis=1)
        x = self._convolution(pooled, "xvector.dense.linear", "xvector.dense.nonlinear.batchnorm")
        x = self._add("Squeeze", x, axes=(2,))
        self.nodes.append(Node("LpNormalization", [x], ["voiceprints"], {"axis": 1, "p": 2}))

    def _head(self) -> str:
        """From the features to (1, channels, frames): the bands that are left join the channels."""
        x = self._add("Unsqueeze", self._add("Transpose", "features", perm=(0, 2, 1)), axes=(1,))
        x = self._add("Relu", self._plane(x, "head.conv1", "head.bn1"))
        for layer in (1, 2):
            for block, stride in ((0, 2), (1, 1)):
                name = f"head.layer{layer}.{block}"
                y = self._add("Relu", self._plane(x, f"{name}.conv1", f"{name}.bn1", stride))
                y = self._plane(y, f"{name}.conv2", f"{name}.bn2")
                if stride == 2:
                    x = self._plane(x, f"{name}.shortcut.0", f"{name}.shortcut.1", stride)
                x = self._add("Relu", self._add("Add", y, x))
        x = self._add("Relu", self._plane(x, "head.conv2", "head.bn2", 2))
        shape = self._add("Shape", x)
        frames = self._add("Slice", shape, self._constant(3), "end")
        flat = self._add("Concat", self._constant(1), self._constant(-1), frames, axis=0)
        return self._add("Reshape", x, flat)

    def _dense(self, x: str, name: str, dilation: int) -> str:
        """A layer of a dense block: a convolution, multiplied with a mask that is constant over each segment.

        3D-Speaker computes the mask for each frame; as it depends on means over segments alone, it is computed once
        for each of them here.
        """
        x = self._normalised(x, f"{name}.nonlinear1.batchnorm")
        x = self._add("Relu", self._convolution(x, f"{name}.linear1", f"{name}.nonlinear2.batchnorm"))
        cam = f"{name}.cam_layer"
        local = self._convolution(x, f"{cam}.linear_local", dilations=(dilation,), pads=(dilation, dilation))
        everywhere = self._add("ReduceMean", x, axes=(2,), keepdims=1)
        segments = self._add("AveragePool", x, kernel_shape=(SEGMENT,), strides=(SEGMENT,), ceil_mode=1)
        context = self._add("Add", segments, everywhere)
        context = self._add("Relu", self._convolution(context, f"{cam}.linear1"))
        mask = self._add("Sigmoid", self._convolution(context, f"{cam}.linear2"))
        return self._add("Mul", local, self._per_frame(mask, local))

    def _per_frame(self, segments: str, like: str) -> str:
        """Repeat what belongs to a segment for each of its frames."""
        spread = self._add("Tile", self._add("Unsqueeze", segments, axes=(3,)), "repeated")
        frames = self._add("Slice", self._add("Shape", like), self._constant(2), "end")
        return self._add("Slice", self._add("Reshape", spread, "flat_segments"), "zero", frames, "last_axis")

    def _mean_and_deviation(self, x: str) -> tuple[str, str]:
        """Over the frames; the deviation as torch's ``std``, divided by one frame less."""
        mean = self._add("ReduceMean", x, axes=(2,), keepdims=1)
        squares = self._add("ReduceSumSquare", self._add("Sub", x, mean), axes=(2,), keepdims=1)
        frames = self._add("Cast", self._add("Slice", self._add("Shape", x), self._constant(2), "end"), to=1)
        variance = self._add("Div", squares, self._add("Sub", frames, "one_number"))
        return mean, self._add("Sqrt", variance)

    def _plane(self, x: str, name: str, norm: str, stride: int = 1) -> str:
        """A convolution over (bands, frames); ``stride`` is that of the bands."""
        reach = self._tensors[f"{name}.weight"].shape[2] // 2
        return self._convolution(x, name, norm, strides=(stride, 1), pads=(reach,) * 4)

    def _convolution(self, x: str, name: str, norm: str = "", **attributes: Sequence[int]) -> str:
        """A convolution with the batch normalisation behind it, if any, folded into its weights."""
        weight = self._tensors[f"{name}.weight"]
        bias = self._tensors.get(f"{name}.bias", np.zeros(len(weight), np.float32))
        if norm:
            scale, shift = self._scale_and_shift(norm)
            weight = weight * scale.reshape(-1, *(1 for _ in weight.shape[1:]))
            bias = bias * scale + shift
        self.weights[f"{name}.weight"] = np.ascontiguousarray(weight, np.float32)
        self.weights[f"{name}.bias"] = np.ascontiguousarray(bias, np.float32)
        return self._add("Conv", x, f"{name}.weight", f"{name}.bias", **attributes)

    def _normalised(self, x: str, norm: str) -> str:
        """A batch normalisation that no convolution precedes, and ReLU."""
        scale, shift = self._scale_and_shift(norm)
        self.weights[f"{norm}.scale"] = scale.reshape(1, -1, 1)
        self.weights[f"{norm}.shift"] = shift.reshape(1, -1, 1)
        return self._add("Relu", self._add("Add", self._add("Mul", x, f"{norm}.scale"), f"{norm}.shift"))

    def _scale_and_shift(self, norm: str) -> tuple[Floats, Floats]:
        deviation = np.sqrt(self._tensors[f"{norm}.running_var"].astype(np.float64) + _EPSILON)
        scale = self._tensors.get(f"{norm}.weight", np.float32(1)) / deviation
        shift = self._tensors.get(f"{norm}.bias", np.float32(0)) - self._tensors[f"{norm}.running_mean"] * scale
        return scale.astype(np.float32), shift.astype(np.float32)

    def _constant(self, number: int) -> str:
        name = f"constant {number}"
        self.weights[name] = np.array([number])
        return name

    def _add(self, operator: str, *inputs: str, **attributes: int | Sequence[int]) -> str:
        """Add a node; return its output's name."""
        output = f"{operator} {len(self.nodes)}"
        self.nodes.append(Node(operator, inputs, [output], attributes))
        return output
