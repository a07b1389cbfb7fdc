import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kouyu.agents.agent import (
    AgentError,
    AgentRequest,
    ContextMessage,
    TextDelta,
    TokenUsage,
    ToolCallRequest,
    ToolsCalled,
    ToolsRan,
)
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.mcp_server import McpServer, McpServerDefinition
from kouyu.agents.server_tools import ServerTools
from kouyu.domain.options import AnswerOptions, ToolDefinition
from kouyu.domain.tool_calls import ToolOutput
from kouyu.domain.tool_round import ToolRound
from tests.standins import mcp_server
from tests.standins.openai_server import OpenAIStandIn, Say, ToolCallScript, call_tools

WEATHER = {"type": "function", "function": {"name": "weather", "description": "", "parameters": {"type": "object"}}}
ADD = ToolCallScript("add", '{"a": 2, "b": 3}', id="sum")


class Called:
    """The tools that have been called."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def names(self) -> list[str]:
        return self.file.read_text().split() if self.file.exists() else []


@pytest.fixture
def called(tmp_path: Path) -> Called:
    return Called(tmp_path / "called")


@pytest.fixture
async def server(called: Called) -> AsyncIterator[McpServer]:
    program = str(Path(mcp_server.__file__))
    definition = McpServerDefinition(
        name="tools", command=sys.executable, args=(program,), env={"MCP_LOG": str(called.file)}
    )
    started = McpServer(definition)
    await started.start()
    yield started
    await started.close()


def question(**fields: Any) -> AgentRequest:
    return AgentRequest(messages=(ContextMessage(role="user", content="What is it?"),), **fields)


async def ask(endpoint: ModelEndpoint, server: McpServer, asked: AgentRequest, **definition: Any) -> list[Any]:
    bot = LanguageModelBot(
        BotDefinition(id="7", name="Bot", prompt="", **definition),
        endpoint,
        server_tools=ServerTools((server,), taken=("weather",)),
    )
    try:
        return [event async for event in bot.reply(asked)]
    finally:
        await bot.close()


async def test_the_model_gets_the_tools_output_and_continues(
    model: OpenAIStandIn, endpoint: ModelEndpoint, server: McpServer
) -> None:
    model.will(Say("Let me see.", tool_calls=(ADD,), prompt_tokens=10), Say("It is five.", prompt_tokens=30))
    events = await ask(endpoint, server, question())
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Let me see. It is five."
    assert events[-1] == TokenUsage(40, 3)
    offered = {tool["function"]["name"]: tool["function"] for tool in model.requests[0].body["tools"]}
    assert offered["add"]["description"] == "Add two numbers."
    assert offered["time_now"]["parameters"]["type"] == "object"
    _, asked, answered = model.requests[1].messages
    assert asked["tool_calls"][0]["function"]["name"] == "add"
    assert answered == {"role": "tool", "tool_call_id": "sum", "content": "The sum is 5."}


async def test_tools_of_the_client_stand_beside_those_on_the_server_and_come_before_them(
    model: OpenAIStandIn, endpoint: ModelEndpoint, server: McpServer, called: Called
) -> None:
    model.will(call_tools(ToolCallScript("time_now", "{}", id="now")), call_tools(ADD))
    asked = question(options=AnswerOptions(tools=(ToolDefinition(name="add"),), tool_choice="required"))
    events = await ask(endpoint, server, asked)
    assert isinstance(events[-2], ToolCallRequest)
    assert events[-2].calls[0].function.name == "add"
    assert called.names() == ["time.now"]
    first, second = model.requests
    assert [tool["function"]["name"] for tool in first.body["tools"]].count("add") == 1
    assert (first.body["tool_choice"], second.body.get("tool_choice")) == ("required", None)


async def test_tools_called_together_all_run(model: OpenAIStandIn, endpoint: ModelEndpoint, server: McpServer) -> None:
    model.will(call_tools(ADD, ToolCallScript("time_now", "", id="now")), Say("Done."))
    await ask(endpoint, server, question())
    assert [message["content"] for message in model.requests[1].messages[-2:]] == ["The sum is 5.", "Half past four."]


async def test_the_model_is_told_of_errors(model: OpenAIStandIn, endpoint: ModelEndpoint, server: McpServer) -> None:
    model.will(call_tools(ToolCallScript("fail", "{}"), ToolCallScript("add", "{nonsense", id="b")), Say("Sorry."))
    await ask(endpoint, server, question())
    failed, malformed = model.requests[1].messages[-2:]
    assert "no such city" in failed["content"]
    assert "not JSON" in malformed["content"]


async def test_no_tool_runs_before_the_turn_is_certain(
    model: OpenAIStandIn, endpoint: ModelEndpoint, server: McpServer, called: Called
) -> None:
    certain, waited_for = asyncio.Event(), asyncio.Event()

    async def committed() -> None:
        waited_for.set()
        await certain.wait()

    model.will(call_tools(ADD), Say("Five."))
    asking = asyncio.create_task(ask(endpoint, server, question(committed=committed)))
    await waited_for.wait()
    assert called.names() == []
    certain.set()
    await asking
    assert called.names() == ["add"]


async def test_a_reply_that_is_thrown_away_has_run_nothing(
    model: OpenAIStandIn, endpoint: ModelEndpoint, server: McpServer, called: Called
) -> None:
    waited_for = asyncio.Event()

    async def committed() -> None:
        waited_for.set()
        await asyncio.Event().wait()

    model.will(call_tools(ADD))
    asking = asyncio.create_task(ask(endpoint, server, question(committed=committed)))
    await waited_for.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert called.names() == []


async def test_the_servers_rounds_come_back_with_what_the_clients_tools_gave(
    model: OpenAIStandIn, endpoint: ModelEndpoint, server: McpServer
) -> None:
    model.will(call_tools(ADD, ToolCallScript("weather", "{}", id="sky")), Say("Both."))
    (called, ran, wanted, _) = await ask(endpoint, server, question(), tools=(WEATHER,))
    assert isinstance(called, ToolsCalled)
    assert isinstance(ran, ToolsRan)
    assert called.calls == ran.round.calls
    assert isinstance(wanted, ToolCallRequest)
    assert [call.id for call in wanted.calls] == ["sky"]
    given = ToolRound(calls=wanted.calls, outputs=(ToolOutput(tool_call_id="sky", output="blue"),))
    await ask(endpoint, server, question(tool_rounds=(ran.round, given)), tools=(WEATHER,))
    contents = [message["content"] for message in model.requests[1].messages if message["role"] == "tool"]
    assert contents == ["The sum is 5.", "blue"]


async def test_a_model_that_never_stops_calling_is_stopped(
    model: OpenAIStandIn, endpoint: ModelEndpoint, server: McpServer, called: Called
) -> None:
    model.will(call_tools(ADD), call_tools(ADD), call_tools(ADD))
    with pytest.raises(AgentError, match="called tools 2 times"):
        await ask(endpoint, server, question(), max_tool_rounds=2)
    assert called.names() == ["add", "add"]
    assert [request.body.get("tool_choice") for request in model.requests] == [None, None, "none"]


async def test_of_two_tools_with_one_name_the_later_is_named_after_its_server(server: McpServer) -> None:
    names = [tool["function"]["name"] for tool in ServerTools((server, server), taken=("fail",)).definitions]
    assert "tools__add" in names
    assert "fail" not in names
    assert "tools__fail" in names


async def test_a_bot_may_have_some_of_a_servers_tools_alone(server: McpServer) -> None:
    names = [tool["function"]["name"] for tool in ServerTools([server]).definitions]
    some = ServerTools([server], only={"tools": names[:1]}).definitions
    assert len(names) > 1
    assert [tool["function"]["name"] for tool in some] == names[:1]
