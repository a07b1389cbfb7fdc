"""Asking an endpoint of OpenAI's API for speech or its transcript."""

import os

import httpx

from kouyu.engines.errors import EngineUnavailable
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


def require_web_address(key: str, value: str) -> None:
    """Raises ValueError unless ``value`` is empty or an http address; it names the ``key``."""
    if value and not value.startswith(("http://", "https://")):
        raise ValueError(f"{key}: {value!r} is not allowed; allowed: an http:// or https:// address")


def api_key_of(section: str, api_key: str, api_key_env: str) -> str:
    """The key of an endpoint, from its options or from the environment variable that they name.

    Raises EngineUnavailable, naming the ``section`` of the settings, where that variable is not set.
    """
    if not api_key_env:
        return api_key
    key = os.environ.get(api_key_env)
    if not key:
        raise EngineUnavailable(f"{section}: the environment variable {api_key_env} (api_key_env) is not set")
    return key
