import pytest

from tests.end_to_end.running_server import RunningServer


@pytest.fixture
def trust(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server tells its user to export, so that Python trusts its certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", server.ca)
