"""What goes between the server and a worker process: a request, and one answer."""

import struct
from typing import Any, Final

import msgspec

NAME_BYTES: Final = 200
"""Of a module's name, filled up with blanks, so that each message to the fork server has one length."""
PID: Final = struct.Struct(">i")
"""What a worker process says first: who it is."""
SIZE: Final = struct.Struct(">I")
"""Before a request: its bytes."""
ANSWER: Final = struct.Struct(">?I")
"""Before an answer: whether it is a result, and its bytes."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a call may take. Beyond any of these it is ended."""

    cpu_s: int
    """Processor time."""
    wall_s: float
    """Time by the clock, without the wait for a free place."""
    memory_bytes: int
    """Address space beyond what the process has at its start, the arguments included."""
    output_bytes: int
    """Of the result."""
    niceness: int = 5
    """How far it gives way to the server's own threads."""


class Request(msgspec.Struct, frozen=True):
    """A call."""

    function: str
    """Its name in the module that the process has imported."""
    arguments: list[Any]
    """Bytes, texts, numbers, and maps of them."""
    limits: Limits


class Raised(msgspec.Struct, frozen=True):
    """The exception that a function raised."""

    kind: str
    """The name of its class."""
    text: str
