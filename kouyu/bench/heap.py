"""Measures the heap of this process."""

import ctypes
import gc
from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

_MIB: Final = 1024 * 1024


class Heap(msgspec.Struct, frozen=True, kw_only=True):
    """Memory in use, and free memory held by the allocator. Without glibc 2.33 or later the sizes are 0."""

    used_mib: float
    """In use in the C allocator: audio, models, and Python objects of more than 512 bytes."""
    free_mib: float
    """Free in it; the pages may have been returned to the system already."""
    objects: int
    """Python container objects created since the server was ready."""


class _Mallinfo2(ctypes.Structure):
    """``struct mallinfo2`` of malloc.h."""

    _fields_: ClassVar = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def _asks_the_allocator() -> Callable[[], Any] | None:
    try:
        mallinfo2 = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):  # another C library, or Windows
        return None
    mallinfo2.restype = _Mallinfo2
    asks: Callable[[], Any] = mallinfo2
    return asks


_MALLINFO2: Final = _asks_the_allocator()


def heap() -> Heap:
    """Measure the present heap. Takes some ms."""
    # Without frozen objects (gc.freeze).
    objects = len(gc.get_objects())
    if _MALLINFO2 is None:
        return Heap(used_mib=0.0, free_mib=0.0, objects=objects)
    said = _MALLINFO2()
    return Heap(used_mib=(said.uordblks + said.hblkhd) / _MIB, free_mib=said.fordblks / _MIB, objects=objects)
