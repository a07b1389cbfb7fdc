"""Agents made from the flows of the settings."""

import sys
from pathlib import Path

import pytest

from kouyu.agents.agent import AgentError, AgentRequest, ContextMessage, TextDelta
from kouyu.assembly.flows import open_flows
from kouyu.settings.bots import FlowSettings

QUESTION = AgentRequest(messages=(ContextMessage(role="user", content="hello"),))
MODULE = """
async def answers(request):
    yield f"{request.user_input}, {request.parameters['who']}"


def blocks(request):
    return "no"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of flows, forgotten afterwards."""
    (tmp_path / "flows_under_test.py").write_text(MODULE)
    (tmp_path / "broken_under_test.py").write_text("1 / 0")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "flows_under_test", raising=False)
    return tmp_path


async def test_a_function_is_found_in_the_folder(folder: Path) -> None:
    flow = FlowSettings(id="a", callable="flows_under_test:answers", folder=str(folder), parameters={"who": "Ada"})
    async with open_flows((flow,)) as flows:
        events = [event async for event in flows["a"].reply(QUESTION)]
    assert TextDelta("hello, Ada") in events


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("flows_under_test:nothing", "flow a: flows_under_test:nothing: AttributeError"),
        ("nothing_under_test:f", "ModuleNotFoundError"),
        ("broken_under_test:f", "ZeroDivisionError"),
        ("flows_under_test:blocks", "neither an async generator nor an async function"),
    ],
)
async def test_what_is_no_flow_is_reported_at_the_start(folder: Path, place: str, told: str) -> None:
    with pytest.raises(AgentError, match=told):
        async with open_flows((FlowSettings(id="a", callable=place, folder=str(folder)),)):
            pass


async def test_a_token_comes_from_the_environment() -> None:
    flow = FlowSettings(id="a", url="http://127.0.0.1:9/", token_env="NOT_SET_AT_ALL")
    with pytest.raises(AgentError, match=r"flow a: the environment variable NOT_SET_AT_ALL \(token_env\) is not set"):
        async with open_flows((flow,)):
            pass
