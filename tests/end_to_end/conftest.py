from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.running_server import RunningServer, running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with everything as it comes: embedded recogniser, voices and LLM."""
    with running_server(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def questions() -> Path:
    """The folder of the spoken test questions."""
    import kouyu.questions

    return Path(kouyu.questions.__file__).parent


@pytest.fixture
def trust(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server tells its user to export, so that Python trusts its certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", server.ca)
