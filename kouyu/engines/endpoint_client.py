"""Asking an endpoint of OpenAI's API for speech or its transcript."""

import httpx

from kouyu.engines.this_machine import is_this_machine


def endpoint_client(
    base_url: str, api_key: str, *, connect_s: float, read_s: float, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """For any number of requests at once, by paths below ``base_url``; to be closed.

    ``api_key`` is "" where none is needed. ``read_s`` is the longest wait for the first and for every further byte,
    also of what is sent.
    """
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
        timeout=httpx.Timeout(read_s, connect=connect_s),
        limits=httpx.Limits(max_connections=None),
        transport=transport,
        # A proxy from the environment cannot reach a server on this machine.
        trust_env=not is_this_machine(base_url),
    )
