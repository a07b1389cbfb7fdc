"""Writes checkpoints in both of torch's formats, with a pickle that names torch's functions and no torch."""

from __future__ import annotations

import io
import pickle
import sys
import zipfile
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


class LongStorage:
    """Stands for the class of torch by that name."""


LongStorage.__module__ = "torch"


def _rebuild_tensor_v2() -> None:
    """Stands for the function of torch by that name."""


_rebuild_tensor_v2.__module__ = "torch._utils"


class Tensor:
    """A view of a storage, pickled as torch pickles it. Strides and offset in elements."""

    def __init__(
        self, storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *, integers: bool = False
    ) -> None:
        hooks: OrderedDict[str, None] = OrderedDict()
        kind = LongStorage if integers else FloatStorage
        self.arguments = (_Storage(storage, kind), offset, shape, strides, False, hooks)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_tensor_v2, self.arguments


class _Storage:
    def __init__(self, key: str, kind: type) -> None:
        self.key = key
        self.kind = kind


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return ("storage", obj.kind, obj.key, "cpu", 0, None) if isinstance(obj, _Storage) else None


def checkpoint(objects: Any, storages: Mapping[str, NDArray[np.float32]]) -> bytes:
    """The bytes of a checkpoint that holds ``objects``, with Tensors among them, over these storages."""
    stream = io.BytesIO()
    for each in (MAGIC, 1001, {"little_endian": True}, objects, sorted(storages)):
        stream.write(_pickled(each))
    for key in sorted(storages):
        stream.write(storages[key].size.to_bytes(8, "little") + storages[key].astype("<f4").tobytes())
    return stream.getvalue()


def zipped_checkpoint(objects: Any, storages: Mapping[str, bytes]) -> bytes:
    """The bytes of a checkpoint in the second format."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", _pickled(objects))
        for key, content in storages.items():
            archive.writestr(f"archive/data/{key}", content)
    return stream.getvalue()


def zipped_checkpoint_of(tensors: Mapping[str, NDArray[np.float32]]) -> bytes:
    """A checkpoint in the second format that is a dictionary of these tensors, each in a storage of its own."""
    storages = {name: array.astype("<f4").tobytes() for name, array in tensors.items()}
    return zipped_checkpoint(_views(tensors), storages)


def checkpoint_of(tensors: Mapping[str, NDArray[np.float32]]) -> bytes:
    """A checkpoint whose ``model_state`` holds these tensors, each in a storage of its own."""
    return checkpoint({"model_state": _views(tensors)}, {name: array.ravel() for name, array in tensors.items()})


def _views(tensors: Mapping[str, NDArray[np.float32]]) -> OrderedDict[str, Tensor]:
    return OrderedDict(
        (name, Tensor(name, 0, array.shape, tuple(stride // 4 for stride in array.strides)))
        for name, array in tensors.items()
    )


def _pickled(each: Any) -> bytes:
    stream = io.BytesIO()
    torch, inner = ModuleType("torch"), ModuleType("torch._utils")
    torch.FloatStorage, torch.LongStorage = FloatStorage, LongStorage  # type: ignore[attr-defined]
    inner._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    with mock.patch.dict(sys.modules, {"torch": torch, "torch._utils": inner}):
        _Pickler(stream, protocol=2).dump(each)
    return stream.getvalue()
