"""HTTP client and time-outs for streamed answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import httpx

from kouyu.agents.agent import AgentError
from kouyu.agents.upstream_faults import UNREACHABLE, UNREADABLE
from kouyu.engines.http_body import UnreadableBody, refuse_compressed
from kouyu.engines.this_machine import is_this_machine

T = TypeVar("T")

CONNECT_S: Final = 5.0


def streaming_client(
    url: str, headers: Mapping[str, str], *, connect_s: float = CONNECT_S, keep_alive: bool = True
) -> httpx.AsyncClient:
    """Make a client for any number of concurrent answers from the server of ``url``; the caller closes it.

    It has no read time-out: use ``in_time``. ``keep_alive`` is False for servers that close the connection after each
    answer without announcing it. Answers are
    requested uncompressed, and compressed ones refused: 64 KiB can expand to 64 MiB in one step.
    """
    return httpx.AsyncClient(
        headers={"Accept-Encoding": "identity", **headers},
        event_hooks={"response": [_refuse_compressed]},
        timeout=httpx.Timeout(None, connect=connect_s, write=connect_s),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=None if keep_alive else 0),
        # A proxy from the environment cannot reach a server on this machine.
        trust_env=not is_this_machine(url),
    )


async def _refuse_compressed(response: httpx.Response) -> None:
    try:
        refuse_compressed(response)
    except UnreadableBody:
        await response.aclose()
        raise


async def in_time(step: Awaitable[T], limit_s: float, error: Callable[[str, str], AgentError]) -> T:
    """Await one step of the answer. If it takes longer or fails, raise what ``error`` makes of it.

    ``error`` gets a message for the client and details for the log.
    """
    try:
        async with asyncio.timeout(limit_s):
            return await step
    except TimeoutError as fault:
        raise error(f"nothing came for {limit_s:g} s: try again in a moment", "") from fault
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL) as fault:
        raise error(UNREACHABLE, f"{type(fault).__name__} {fault}") from fault
    except httpx.DecodingError as fault:
        raise error(UNREADABLE, f"{type(fault).__name__} {fault}") from fault
    except httpx.HTTPError as fault:
        raise error("the connection was lost: try again in a moment", f"{type(fault).__name__} {fault}") from fault
