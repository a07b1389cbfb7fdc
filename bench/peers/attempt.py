"""Tells a peer that could not be measured from a fault of the benchmark."""

from collections.abc import Awaitable, Iterator
from typing import Final, TypeVar

from bench.peers.peer import PeerNotInstalled
from kouyu.bench.children import ServerDidNotStart
from kouyu.bench.received import ConnectionLost

_NOT_MEASURED: Final = (ConnectionLost, ServerDidNotStart, PeerNotInstalled, OSError)
_Result = TypeVar("_Result")


class NotMeasured(Exception):
    """A peer could not be measured. The text says why."""


async def attempt(measuring: Awaitable[_Result]) -> _Result:
    """The result. Raises NotMeasured where the peer is not installed, does not start, or breaks."""
    reasons: list[str] = []
    try:
        return await measuring
    except* _NOT_MEASURED as faults:
        reasons += _reasons(faults)
    raise NotMeasured("\n".join(reasons))


def _reasons(fault: BaseException) -> Iterator[str]:
    if isinstance(fault, BaseExceptionGroup):
        for one in fault.exceptions:
            yield from _reasons(one)
    else:
        yield str(fault) or type(fault).__name__
    yield from getattr(fault, "__notes__", ())
