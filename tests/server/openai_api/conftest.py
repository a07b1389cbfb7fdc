"""The unmodified openai package on servers that run."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.end_to_end.running_server import RunningServer


def client_of(server: RunningServer, token: str = "") -> OpenAI:
    """A client that asks once."""
    return OpenAI(base_url=f"{server.http}/openai/v1", api_key=token or server.token, max_retries=0, timeout=60)


@pytest.fixture(scope="module")
def client(scripted_server: RunningServer) -> Iterator[OpenAI]:
    """A client of the scripted server."""
    with client_of(scripted_server) as opened:
        yield opened
