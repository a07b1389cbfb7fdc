"""Connection to the MCP servers of the settings."""

import sys
from pathlib import Path

import pytest

from kouyu.agents.agent import AgentError
from kouyu.assembly.tool_servers import open_tool_servers
from kouyu.settings.bots import McpServerSettings
from tests.standins import mcp_server

PROGRAM = McpServerSettings(name="tools", command=sys.executable, args=(str(Path(mcp_server.__file__)),))


async def test_servers_are_connected_and_known_by_name() -> None:
    async with open_tool_servers((PROGRAM,)) as servers:
        assert await servers["tools"].call("add", {"a": 1, "b": 2}) == "The sum is 3."


async def test_one_that_cannot_start_is_reported_and_leaves_none_running() -> None:
    gone = McpServerSettings(name="gone", command="/no/such/program")
    with pytest.raises(AgentError, match="MCP server gone"):
        async with open_tool_servers((PROGRAM, gone)):
            pass


async def test_a_program_gets_the_variables_it_is_to_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("MCP_LOG", str(log))
    passing = McpServerSettings(name="tools", command=PROGRAM.command, args=PROGRAM.args, pass_env=("MCP_LOG",))
    for settings in (PROGRAM, passing):
        async with open_tool_servers((settings,)) as servers:
            await servers["tools"].call("add", {"a": 1, "b": 2})
    assert log.read_text() == "add\n"


async def test_a_variable_that_is_not_set_is_reported() -> None:
    settings = McpServerSettings(name="tools", url="http://127.0.0.1:9/mcp", token_env="NOT_SET_AT_ALL")
    with pytest.raises(AgentError, match="NOT_SET_AT_ALL"):
        async with open_tool_servers((settings,)):
            pass
