from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.running_server import RunningServer, running_server
from tests.openai_clients.scripted_model import answer
from tests.standins.background import in_background
from tests.standins.openai_server import OpenAIStandIn, openai_stand_in

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these are run by `make test-openai-clients` alone."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.clients)


@pytest.fixture(scope="session")
def client_model() -> Iterator[OpenAIStandIn]:
    """The language model behind the bot of ``client_server``."""
    with in_background(lambda: openai_stand_in(answer)) as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def client_server(tmp_path_factory: pytest.TempPathFactory, client_model: OpenAIStandIn) -> Iterator[RunningServer]:
    """Real speech engines, and bots whose model follows a script; ``seeing`` takes pictures."""
    config = f"""
[[bots]]
id = "voice"
[bots.model]
base_url = "{client_model.base_url}"
model = "scripted"

[[bots]]
id = "seeing"
[bots.model]
base_url = "{client_model.base_url}"
model = "scripted"
images = true
"""
    with running_server(tmp_path_factory.mktemp("clients"), config=config) as started:
        yield started
