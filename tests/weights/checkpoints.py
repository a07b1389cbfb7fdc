"""Writes checkpoints in torch's first format, with a pickle that names torch's functions and no torch."""

from __future__ import annotations

import io
import pickle
import sys
from collections import OrderedDict
from collections.abc import Mapping
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from kouyu.model_files.torch_checkpoint import MAGIC


class FloatStorage:
    """Stands for the class of torch by that name."""


FloatStorage.__module__ = "torch"


def _rebuild_tensor_v2() -> None:
    """Stands for the function of torch by that name."""


_rebuild_tensor_v2.__module__ = "torch._utils"


class Tensor:
    """A view of a storage, pickled as torch pickles it. Strides and offset in elements."""

    def __init__(self, storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        hooks: OrderedDict[str, None] = OrderedDict()
        self.arguments = (_Storage(storage), offset, shape, strides, False, hooks)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_tensor_v2, self.arguments


class _Storage:
    def __init__(self, key: str) -> None:
        self.key = key


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return ("storage", FloatStorage, obj.key, "cpu", 0, None) if isinstance(obj, _Storage) else None


def checkpoint(objects: Any, storages: Mapping[str, NDArray[np.float32]]) -> bytes:
    """The bytes of a checkpoint that holds ``objects``, with Tensors among them, over these storages."""
    stream = io.BytesIO()
    torch, inner = ModuleType("torch"), ModuleType("torch._utils")
    torch.FloatStorage, inner._rebuild_tensor_v2 = FloatStorage, _rebuild_tensor_v2  # type: ignore[attr-defined]
    with mock.patch.dict(sys.modules, {"torch": torch, "torch._utils": inner}):
        for each in (MAGIC, 1001, {"little_endian": True}, objects, sorted(storages)):
            _Pickler(stream, protocol=2).dump(each)
    for key in sorted(storages):
        stream.write(storages[key].size.to_bytes(8, "little") + storages[key].astype("<f4").tobytes())
    return stream.getvalue()


def checkpoint_of(tensors: Mapping[str, NDArray[np.float32]]) -> bytes:
    """A checkpoint whose ``model_state`` holds these tensors, each in a storage of its own."""
    views = OrderedDict(
        (name, Tensor(name, 0, array.shape, tuple(stride // 4 for stride in array.strides)))
        for name, array in tensors.items()
    )
    return checkpoint({"model_state": views}, {name: array.ravel() for name, array in tensors.items()})
