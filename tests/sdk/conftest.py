from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.running_server import RunningServer, running_server
from tests.sdk.microphone import loop_of
from tests.sdk.node_project import NodeProject, find_chromium, find_node
from tests.standins.background import in_background
from tests.standins.openai_server import Answer, OpenAIStandIn, Pace, ReceivedRequest, Say, echo, openai_stand_in

HERE = Path(__file__).parent

STORY = "This is a long story about a dog and a cat. They walk through the town, and the sun is warm. "


def by_the_question(request: ReceivedRequest) -> Answer:
    """A minute of speech for those who ask for a story, an answer without an end, or the question back."""
    question = str(request.messages[-1]["content"])  # with the one before it, where that got no answer
    if question.endswith("story"):
        return Say(*[STORY] * 8)
    if question.endswith("without end"):
        return Say(*["On and on. "] * 10_000, pace=Pace(between_s=0.1))
    return echo(request)


FLOW = """
async def orders(request):
    yield f"You asked {request.user_input}"
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these are run by `make test-sdk` alone."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.sdk)


@pytest.fixture(scope="session")
def sdk_model() -> Iterator[OpenAIStandIn]:
    """The language model behind the bots of ``sdk_server``."""
    with in_background(lambda: openai_stand_in(by_the_question)) as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def sdk_server(tmp_path_factory: pytest.TempPathFactory, sdk_model: OpenAIStandIn) -> Iterator[RunningServer]:
    """Real speech engines, and bots whose model does what a test says, else it says the question back."""
    folder = tmp_path_factory.mktemp("sdk")
    (folder / "my_flows.py").write_text(FLOW)
    model = f'[bots.model]\nbase_url = "{sdk_model.base_url}"\nmodel = "scripted"'
    config = f"""
[[bots]]
id = "echo"
name = "Echo"
prologue = "Good morning."
{model}

[[bots]]
id = "tools"
{model}
[[bots.tools]]
type = "function"
[bots.tools.function]
name = "weather"
[bots.tools.function.parameters]
type = "object"

[[flows]]
id = "orders"
callable = "my_flows:orders"
"""
    with running_server(folder, config=config) as started:
        yield started


@pytest.fixture(scope="session")
def node(sdk_server: RunningServer) -> NodeProject:
    """Runs the JavaScript SDK in Node."""
    return NodeProject(find_node(), sdk_server)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is."""
    return find_chromium()


@pytest.fixture(scope="session")
def microphone(questions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Asks for the capital of France every 18 s."""
    return loop_of(questions / "en-capital.wav", tmp_path_factory.mktemp("microphone"), after_s=15)
