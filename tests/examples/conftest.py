import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.end_to_end.running_server import RunningServer, running_server
from tests.examples.example import EXAMPLES
from tests.standins.background import in_background
from tests.standins.openai_server import (
    Answer,
    OpenAIStandIn,
    ReceivedRequest,
    Say,
    ToolCallScript,
    call_tools,
    echo,
    openai_stand_in,
)

STORY = "This is a long story about a dog and a cat. They walk through the town, and the sun is warm. "


def answered(request: ReceivedRequest) -> Answer:
    """A call where there is a tool, its result once it has run, a long story, or the question back."""
    last = request.messages[-1]
    if last["role"] == "tool":
        return Say(str(last["content"]))
    if request.body.get("tools"):
        return call_tools(ToolCallScript("weather", '{"city": "Lima"}'))
    if "story" in str(last["content"]):
        return Say(*[STORY] * 8)
    return echo(request)


@pytest.fixture(scope="session")
def examples_model() -> Iterator[OpenAIStandIn]:
    """The language model behind the bots of examples/kouyu.toml, but for ``parrot``."""
    with in_background(lambda: openai_stand_in(answered)) as stand_in:
        yield stand_in


@contextmanager
def own_model() -> Iterator[int]:
    """examples/own_model.py on a free port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port: int = free.getsockname()[1]
    program = subprocess.Popen([sys.executable, str(EXAMPLES / "own_model.py"), str(port)])
    try:
        yield port
    finally:
        program.kill()
        program.wait()


@pytest.fixture(scope="session")
def examples_server(tmp_path_factory: pytest.TempPathFactory, examples_model: OpenAIStandIn) -> Iterator[RunningServer]:
    """A server with examples/kouyu.toml, whose bots ask a scripted model instead of the built-in one."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "orders.py").write_bytes((EXAMPLES / "orders.py").read_bytes())
    config = (EXAMPLES / "kouyu.toml").read_text(encoding="utf-8")
    model = f'model = {{ base_url = "{examples_model.base_url}", model = "scripted" }}'
    for bot in ("kouyu", "weather"):
        assert f'id = "{bot}"\n' in config
        config = config.replace(f'id = "{bot}"\n', f'id = "{bot}"\n{model}\n')
    with own_model() as port, running_server(folder, config=config.replace("8099", str(port))) as started:
        yield started
