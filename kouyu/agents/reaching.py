"""Asks an agent's server whether it answers at all, without asking it to do anything."""

import asyncio
from typing import Final, Literal, Protocol, runtime_checkable

import httpx
import msgspec

LIMIT_S: Final = 3.0
KEY_REFUSED: Final = (401, 403)
"""Statuses by which a server says that it does not accept the key."""


class Reach(msgspec.Struct, frozen=True):
    """Whether a server answers; ``refused`` if it does not accept the key. ``detail``: why it does not, without
    addresses."""

    state: Literal["reachable", "refused", "unreachable"]
    detail: str = ""


@runtime_checkable
class Reachable(Protocol):
    """What answers on a server: a language model, or an agent."""

    @property
    def address(self) -> str:
        """The server's address without credentials; for the operator alone."""
        ...

    @property
    def model_name(self) -> str:
        """What answers there."""
        ...

    async def reach(self) -> Reach:
        """Ask the server whether it answers, for at most LIMIT_S."""
        ...


async def reach(http: httpx.AsyncClient, url: str) -> Reach:
    """Send a GET and look at the status of the answer alone."""
    try:
        async with asyncio.timeout(LIMIT_S), http.stream("GET", url) as response:
            status = response.status_code
    except TimeoutError:
        return Reach("unreachable", f"no answer within {LIMIT_S:g} s")
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        return Reach("unreachable", "no connection" if isinstance(fault, httpx.ConnectError) else type(fault).__name__)
    if status in KEY_REFUSED:
        return Reach("refused", f"it does not accept the key (HTTP {status})")
    return Reach("unreachable", f"HTTP {status}") if status >= 500 else Reach("reachable")
