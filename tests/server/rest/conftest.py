"""cozepy, synchronous and asynchronous, on servers that run."""

from collections.abc import AsyncIterator, Iterator

import pytest
from cozepy import AsyncCoze, AsyncHTTPClient, AsyncTokenAuth, Coze, SyncHTTPClient, TokenAuth

from tests.end_to_end.running_server import RunningServer


@pytest.fixture
def scripted_coze(scripted_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Coze]:
    """cozepy on the scripted server."""
    monkeypatch.setenv("SSL_CERT_FILE", scripted_server.ca)
    with SyncHTTPClient() as http:
        yield Coze(auth=TokenAuth(scripted_server.token), base_url=scripted_server.https, http_client=http)


@pytest.fixture
async def scripted_async_coze(
    scripted_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AsyncCoze]:
    """The asynchronous cozepy on the scripted server."""
    monkeypatch.setenv("SSL_CERT_FILE", scripted_server.ca)
    async with AsyncHTTPClient() as http:
        yield AsyncCoze(auth=AsyncTokenAuth(scripted_server.token), base_url=scripted_server.https, http_client=http)
