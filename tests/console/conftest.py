"""A server for the page's tests, and browsers with a microphone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.console.page import Page
from tests.end_to_end.running_server import RunningServer, running_server
from tests.sdk.microphone import loop_of
from tests.sdk.node_project import find_chromium, find_node
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


def answer(request: ReceivedRequest) -> Answer:
    """A long story for those who ask for one, a tool for those who ask for the weather; else the question back."""
    last = request.messages[-1]
    said = str(last["content"])
    if last["role"] == "tool":
        return Say(said)
    asked = said.splitlines()[-1]  # a question whose answer was not heard stands before it, in the same message
    if "story" in asked:
        return Say(*[STORY] * 8)
    if "weather" in asked:
        return call_tools(ToolCallScript("weather", '{"city": "Paris"}'))
    return echo(request)


@pytest.fixture(scope="session")
def console_model() -> Iterator[OpenAIStandIn]:
    """The language model behind the bots of ``console_server``."""
    with in_background(lambda: openai_stand_in(answer)) as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def console_server(tmp_path_factory: pytest.TempPathFactory, console_model: OpenAIStandIn) -> Iterator[RunningServer]:
    """Real speech engines, bots whose model says what a test wants, and sound that is kept."""
    model = f'[bots.model]\nbase_url = "{console_model.base_url}"\nmodel = "scripted"'
    config = f"""
[audio]
keep = true

[[bots]]
id = "echo"
name = "Echo"
{model}

[[bots]]
id = "dead"
[bots.model]
base_url = "http://127.0.0.1:9/v1"
model = "gone"

[[bots]]
id = "tools"
{model}
[[bots.tools]]
type = "function"
[bots.tools.function]
name = "weather"
[bots.tools.function.parameters]
type = "object"
"""
    with running_server(tmp_path_factory.mktemp("console"), config=config) as started:
        yield started


@pytest.fixture(scope="session")
def ask(
    console_server: RunningServer, questions: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Page]:
    """Makes browsers with a microphone that says a question again and again, ``after_s`` of silence between."""
    folder = tmp_path_factory.mktemp("microphone")

    def make(question: str, after_s: float) -> Page:
        microphone = loop_of(questions / f"{question}.wav", folder, after_s=after_s)
        return Page(find_node(), console_server, find_chromium(), microphone)

    return make


@pytest.fixture(scope="session")
def page(ask: Callable[..., Page]) -> Page:
    """A browser whose microphone asks for the capital of France every 18 s."""
    return ask("en-capital", 15)
