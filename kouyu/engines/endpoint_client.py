"""HTTP client for speech endpoints with OpenAI's API."""

import os

import httpx

from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.this_machine import is_this_machine


def endpoint_client(
    base_url: str, api_key: str, *, connect_s: float, read_s: float, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Create a client for any number of simultaneous requests below ``base_url``. The caller closes it.

    ``api_key`` is "" if none is needed. ``read_s`` is the timeout in seconds for the first and for every further byte,
    received or sent.
    """
    return httpx.AsyncClient(
        base_url=base_url,
        headers={
            "Accept-Encoding": "identity",  # a compressed body is not read (http_body)
            **({"Authorization": f"Bearer {api_key}"} if api_key else {}),
        },
        timeout=httpx.Timeout(read_s, connect=connect_s),
        limits=httpx.Limits(max_connections=None),
        transport=transport,
        # A proxy of the environment cannot reach a server on this machine.
        trust_env=not is_this_machine(base_url),
    )


def api_key_of(section: str, api_key: str, api_key_env: str) -> str:
    """Return the key of an endpoint, from its options or from the environment variable that they name.

    Raises EngineUnavailable, naming the ``section`` of the settings, if that variable is not set.
    """
    if not api_key_env:
        return api_key
    key = os.environ.get(api_key_env)
    if not key:
        raise EngineUnavailable(f"{section}: the environment variable {api_key_env} (api_key_env) is not set")
    return key
