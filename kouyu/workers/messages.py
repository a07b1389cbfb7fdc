"""The messages between the server and a worker process: a request, and one answer."""

import struct
from typing import Any, Final

import msgspec

NAME_BYTES: Final = 200
"""Bytes of a module's name, padded with blanks, so that all messages to the fork server have one length."""
PID: Final = struct.Struct(">i")
"""The first message of a worker process: its process id."""
SIZE: Final = struct.Struct(">I")
"""Header of a request: its size in bytes."""
ANSWER: Final = struct.Struct(">?I")
"""Header of an answer: whether it is a result, and its size in bytes."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a call. Beyond any of them it is killed."""

    cpu_s: int
    """CPU time in seconds."""
    wall_s: float
    """Wall-clock time in seconds, without the time in the queue."""
    memory_bytes: int
    """Address space beyond what the process has at its start, the arguments included."""
    output_bytes: int
    """Size of the result."""
    niceness: int = 5
    """The process's niceness, relative to the server's threads."""


class Request(msgspec.Struct, frozen=True):
    """A call."""

    function: str
    """Its name in the module that the process has imported."""
    arguments: list[Any]
    """Bytes, strings, numbers, and maps of them."""
    limits: Limits


class Raised(msgspec.Struct, frozen=True):
    """The exception that a function raised."""

    kind: str
    """The name of its class."""
    text: str
