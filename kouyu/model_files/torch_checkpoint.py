"""Reads the tensors of a checkpoint in torch's first format, without torch and without executing its code.

Such a file is five pickles (a magic number, a version, facts about the machine, the objects, the keys of the storages)
and then each storage: its number of elements as 64 bits, and its bytes. A pickle may name any function to call; only
three harmless ones are allowed here.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

MAGIC: Final = 0x1950A86A20F9469CFC6C
"""The first pickle of every such file."""


class BadCheckpoint(ValueError):
    """The bytes are not a checkpoint of this format, or need more than tensors of 32-bit floats."""


class _View(msgspec.Struct, frozen=True):
    """A tensor in a storage that is not read yet; strides and offset in elements."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(content: bytes, part: str) -> Mapping[str, NDArray[np.float32]]:
    """The tensors of the dictionary ``part`` of a checkpoint, by name. Raises BadCheckpoint."""
    stream = io.BytesIO(content)
    try:
        if _load(stream) != MAGIC:
            raise BadCheckpoint("it does not begin as a checkpoint does")
        _load(stream)
        _load(stream)
        views = _load(stream)[part]
        storages = {key: _storage(stream) for key in _load(stream)}
        return {name: _tensor(view, storages) for name, view in views.items()}
    except BadCheckpoint:
        raise
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise BadCheckpoint(f"it cannot be read: {error}") from error


class _TensorUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        match module, name:
            case "collections", "OrderedDict":
                return OrderedDict
            case "torch._utils", "_rebuild_tensor_v2":
                return _view
            case "torch", "FloatStorage":
                return "FloatStorage"
        raise BadCheckpoint(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> str:
        """Return the key of a storage, whose id in the pickle holds its kind, type, key, device and size."""
        if not (isinstance(pid, tuple) and pid[:2] == ("storage", "FloatStorage")):
            raise BadCheckpoint(f"it asks for {pid!r}")
        return str(pid[2])


def _load(stream: io.BytesIO) -> Any:
    return _TensorUnpickler(stream).load()


def _view(storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _View:
    return _View(storage, offset, shape, strides)


def _storage(stream: io.BytesIO) -> NDArray[np.float32]:
    count = int.from_bytes(stream.read(8), "little")
    return np.frombuffer(stream.read(count * 4), "<f4", count)


def _tensor(view: _View, storages: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    elements = storages[view.storage][view.offset :]
    reach = sum((size - 1) * stride for size, stride in zip(view.shape, view.strides, strict=True))
    if min((*view.shape, *view.strides, 1)) < 0 or reach >= len(elements):
        raise BadCheckpoint("a tensor reaches beyond its storage")
    strided = np.lib.stride_tricks.as_strided(elements, view.shape, [stride * 4 for stride in view.strides])
    return np.ascontiguousarray(strided)
