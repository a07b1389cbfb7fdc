"""Reads the tensors of a checkpoint in either of torch's formats, without torch and without executing its code.

A file of the first format is five pickles (a magic number, a version, facts about the machine, the objects, the keys of
the storages) and then each storage: its number of elements as 64 bits, and its bytes. A file of the second one is a zip
archive with the pickle of the objects, and a member for each storage. A pickle may name any function to call; only
harmless ones are allowed here.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

MAGIC: Final = 0x1950A86A20F9469CFC6C
"""The first pickle of every file of the first format."""

_FLOATS: Final = "FloatStorage"
_KINDS: Final = (_FLOATS, "LongStorage")
_FAULTS: Final = (
    pickle.UnpicklingError,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    zipfile.BadZipFile,
    NotImplementedError,
)


class BadCheckpoint(ValueError):
    """The bytes are not a checkpoint of this format, or need more than tensors of 32-bit floats."""


class _StorageName(msgspec.Struct, frozen=True):
    kind: str
    key: str


class _View(msgspec.Struct, frozen=True):
    """A tensor in a storage that is not read yet; strides and offset in elements."""

    storage: _StorageName
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
        if others := {view.storage.kind for view in views.values()} - {_FLOATS}:
            raise BadCheckpoint(f"it asks for {', '.join(sorted(others))}")
        storages = {key: _storage(stream) for key in _load(stream)}
        return {name: _tensor(view, storages) for name, view in views.items()}
    except BadCheckpoint:
        raise
    except _FAULTS as error:
        raise BadCheckpoint(f"it cannot be read: {error}") from error


def read_zipped_tensors(content: bytes) -> Mapping[str, NDArray[np.float32]]:
    """The 32-bit floating-point tensors of a checkpoint in the second format that is a dictionary of tensors.

    Tensors of integers are left out. Raises BadCheckpoint.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (pickled,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
            folder = pickled.removesuffix("data.pkl") + "data/"
            views = _load(io.BytesIO(archive.read(pickled))).items()
            floats = {name: view for name, view in views if view.storage.kind == _FLOATS}
            keys = {view.storage.key for view in floats.values()}
            storages = {key: np.frombuffer(archive.read(folder + key), "<f4") for key in sorted(keys)}
        return {name: _tensor(view, storages) for name, view in floats.items()}
    except BadCheckpoint:
        raise
    except _FAULTS as error:
        raise BadCheckpoint(f"it cannot be read: {error}") from error


class _TensorUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        match module, name:
            case "collections", "OrderedDict":
                return OrderedDict
            case "torch._utils", "_rebuild_tensor_v2":
                return _view
            case "torch", kind if kind in _KINDS:
                return kind
        raise BadCheckpoint(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> _StorageName:
        """Return the name of a storage, whose id in the pickle holds "storage", kind, key, device and size."""
        match pid:
            case ("storage", str(kind), key, *_) if kind in _KINDS:
                return _StorageName(kind, str(key))
        raise BadCheckpoint(f"it asks for {pid!r}")


def _load(stream: io.BytesIO) -> Any:
    return _TensorUnpickler(stream).load()


def _view(storage: _StorageName, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _View:
    return _View(storage, offset, shape, strides)


def _storage(stream: io.BytesIO) -> NDArray[np.float32]:
    count = int.from_bytes(stream.read(8), "little")
    return np.frombuffer(stream.read(count * 4), "<f4", count)


def _tensor(view: _View, storages: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    elements = storages[view.storage.key][view.offset :]
    reach = sum((size - 1) * stride for size, stride in zip(view.shape, view.strides, strict=True))
    if min((*view.shape, *view.strides, 1)) < 0 or reach >= len(elements):
        raise BadCheckpoint("a tensor reaches beyond its storage")
    strided = np.lib.stride_tricks.as_strided(elements, view.shape, [stride * 4 for stride in view.strides])
    return np.ascontiguousarray(strided)
