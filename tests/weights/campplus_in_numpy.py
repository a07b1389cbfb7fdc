"""The network of CAM++ in numpy, layer by layer as 3D-Speaker computes it: what the ONNX model must give."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BLOCKS: Final = ((12, 1), (24, 2), (16, 2))
"""Layers of each dense block, and their dilation."""
SEGMENT: Final = 100
"""Frames over which a layer's context is averaged."""


class CamPlusPlus:
    """The network with these tensors, by their names in 3D-Speaker."""

    def __init__(self, tensors: Mapping[str, Floats]) -> None:
        self._tensors = tensors

    def voiceprint(self, features: Floats) -> Floats:
        """A vector of length 1. ``features``: shaped (frames, 80)."""
        x = self._head(features.T[None])
        x = self._after("xvector.tdnn.nonlinear.batchnorm", self._line(x, "xvector.tdnn.linear", stride=2))
        for number, (layers, dilation) in enumerate(BLOCKS, 1):
            for layer in range(1, layers + 1):
                x = np.concatenate((x, self._dense(x, f"xvector.block{number}.tdnnd{layer}", dilation)))
            transit = f"xvector.transit{number}"
            x = self._line(self._after(f"{transit}.nonlinear.batchnorm", x), f"{transit}.linear")
        x = self._after("xvector.out_nonlinear.batchnorm", x)
        pooled = np.concatenate((x.mean(1), x.std(1, ddof=1)))
        dense = self._tensors["xvector.dense.linear.weight"][:, :, 0] @ pooled
        found = self._norm("xvector.dense.nonlinear.batchnorm", dense)
        return np.asarray(found / np.linalg.norm(found), np.float32)

    def _head(self, x: Floats) -> Floats:
        x = self._after("head.bn1", self._plane(x, "head.conv1"))
        for layer in (1, 2):
            for block, stride in ((0, 2), (1, 1)):
                name = f"head.layer{layer}.{block}"
                y = self._after(f"{name}.bn1", self._plane(x, f"{name}.conv1", stride))
                y = self._norm(f"{name}.bn2", self._plane(y, f"{name}.conv2"))
                if stride == 2:
                    x = self._norm(f"{name}.shortcut.1", self._plane(x, f"{name}.shortcut.0", stride))
                x = np.maximum(y + x, 0)
        x = self._after("head.bn2", self._plane(x, "head.conv2", 2))
        return x.reshape(-1, x.shape[2])

    def _dense(self, x: Floats, name: str, dilation: int) -> Floats:
        x = self._line(self._after(f"{name}.nonlinear1.batchnorm", x), f"{name}.linear1")
        x = self._after(f"{name}.nonlinear2.batchnorm", x)
        local = self._line(x, f"{name}.cam_layer.linear_local", dilation=dilation)
        starts = range(0, x.shape[1], SEGMENT)
        segments = [
            x[:, at : at + SEGMENT].mean(1, keepdims=True).repeat(min(SEGMENT, x.shape[1] - at), 1) for at in starts
        ]
        context = x.mean(1, keepdims=True) + np.concatenate(segments, 1)
        context = np.maximum(self._line(context, f"{name}.cam_layer.linear1"), 0)
        mask: Floats = local / (1 + np.exp(-self._line(context, f"{name}.cam_layer.linear2")))
        return mask

    def _norm(self, name: str, x: Floats) -> Floats:
        scale = self._tensors.get(f"{name}.weight", np.float32(1)) / np.sqrt(
            self._tensors[f"{name}.running_var"] + 1e-5
        )
        shift = self._tensors.get(f"{name}.bias", np.float32(0)) - self._tensors[f"{name}.running_mean"] * scale
        shape = (-1,) + (1,) * (x.ndim - 1)
        return np.asarray(x * scale.reshape(shape) + shift.reshape(shape), np.float32)

    def _after(self, name: str, x: Floats) -> Floats:
        return np.maximum(self._norm(name, x), 0)

    def _plane(self, x: Floats, name: str, stride: int = 1) -> Floats:
        """A convolution over (channels, bands, frames); ``stride`` is that of the bands."""
        weight = self._tensors[f"{name}.weight"]
        size = weight.shape[2]
        x = np.pad(x, ((0, 0), (size // 2, size // 2), (size // 2, size // 2)))
        view = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))[:, ::stride]
        columns = view.transpose(0, 3, 4, 1, 2).reshape(weight[0].size, -1)
        product: Floats = weight.reshape(len(weight), -1) @ columns
        return product.reshape(len(weight), view.shape[1], view.shape[2])

    def _line(self, x: Floats, name: str, *, stride: int = 1, dilation: int = 1) -> Floats:
        """A convolution over (channels, frames)."""
        weight = self._tensors[f"{name}.weight"]
        reach = (weight.shape[2] - 1) * dilation
        x = np.pad(x, ((0, 0), (reach // 2, reach // 2)))
        last = x.shape[1] - reach
        parts = [
            weight[:, :, tap] @ x[:, tap * dilation : tap * dilation + last : stride] for tap in range(weight.shape[2])
        ]
        return np.asarray(sum(parts) + self._tensors.get(f"{name}.bias", np.zeros(1, np.float32))[:, None], np.float32)


def random_tensors(seed: int = 0) -> dict[str, Floats]:
    """Tensors of the right names and shapes, of a size that keeps the numbers small."""
    rng = np.random.default_rng(seed)
    tensors = dict[str, Floats]()

    def convolution(name: str, *shape: int, bias: bool = False) -> None:
        tensors[f"{name}.weight"] = rng.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape).astype(np.float32)
        if bias:
            tensors[f"{name}.bias"] = rng.normal(0, 0.1, shape[0]).astype(np.float32)

    def norm(name: str, channels: int, affine: bool = True) -> None:
        tensors[f"{name}.running_mean"] = rng.normal(0, 0.1, channels).astype(np.float32)
        tensors[f"{name}.running_var"] = rng.uniform(0.5, 2, channels).astype(np.float32)
        if affine:
            tensors[f"{name}.weight"] = rng.uniform(0.5, 1.5, channels).astype(np.float32)
            tensors[f"{name}.bias"] = rng.normal(0, 0.1, channels).astype(np.float32)

    convolution("head.conv1", 32, 1, 3, 3)
    norm("head.bn1", 32)
    for layer in (1, 2):
        for block in (0, 1):
            for part in (1, 2):
                convolution(f"head.layer{layer}.{block}.conv{part}", 32, 32, 3, 3)
                norm(f"head.layer{layer}.{block}.bn{part}", 32)
        convolution(f"head.layer{layer}.0.shortcut.0", 32, 32, 1, 1)
        norm(f"head.layer{layer}.0.shortcut.1", 32)
    convolution("head.conv2", 32, 32, 3, 3)
    norm("head.bn2", 32)
    convolution("xvector.tdnn.linear", 128, 320, 5)
    norm("xvector.tdnn.nonlinear.batchnorm", 128)
    channels = 128
    for number, (layers, _) in enumerate(BLOCKS, 1):
        for layer in range(1, layers + 1):
            name = f"xvector.block{number}.tdnnd{layer}"
            norm(f"{name}.nonlinear1.batchnorm", channels)
            convolution(f"{name}.linear1", 128, channels, 1)
            norm(f"{name}.nonlinear2.batchnorm", 128)
            convolution(f"{name}.cam_layer.linear_local", 32, 128, 3)
            convolution(f"{name}.cam_layer.linear1", 64, 128, 1, bias=True)
            convolution(f"{name}.cam_layer.linear2", 32, 64, 1, bias=True)
            channels += 32
        norm(f"xvector.transit{number}.nonlinear.batchnorm", channels)
        convolution(f"xvector.transit{number}.linear", channels // 2, channels, 1)
        channels //= 2
    norm("xvector.out_nonlinear.batchnorm", channels)
    convolution("xvector.dense.linear", 192, 2 * channels, 1)
    norm("xvector.dense.nonlinear.batchnorm", 192, affine=False)
    return tensors
