import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kouyu.agents.agent import AgentError
from kouyu.agents.mcp_message_limit import MOST_BYTES, MOST_NESTED, TOO_LONG, BoundedLines, failure
from kouyu.agents.mcp_server import McpServer, McpServerDefinition
from tests.standins import mcp_server as stand_in

PROGRAM = str(Path(stand_in.__file__))


def definition(**changes: object) -> McpServerDefinition:
    fields = {"name": "tools", "command": sys.executable, "args": (PROGRAM,), "call_timeout_s": 20.0} | changes
    return McpServerDefinition(**fields)  # type: ignore[arg-type]


@pytest.fixture
async def server() -> AsyncIterator[McpServer]:
    """A connected program."""
    started = McpServer(definition())
    await started.start()
    yield started
    await started.close()


async def test_tools_are_listed_at_the_start(server: McpServer) -> None:
    add = next(tool for tool in server.tools if tool.name == "add")
    assert add.description == "Add two numbers."
    assert set(add.parameters["properties"]) == {"a", "b"}


async def test_a_tool_gives_its_text(server: McpServer) -> None:
    assert await server.call("add", {"a": 2, "b": 3}) == "The sum is 5."


async def test_a_failing_tool_tells_its_error(server: McpServer) -> None:
    assert "no such city" in await server.call("fail", {})


async def test_wrong_arguments_are_reported(server: McpServer) -> None:
    assert (await server.call("add", {"a": "x"})).startswith("The tool failed:")


async def test_a_tool_that_takes_too_long_is_given_up() -> None:
    server = McpServer(definition(call_timeout_s=1.0))
    await server.start()
    assert await server.call("sleep", {}) == "The tool failed: it did not answer within 1 s."
    assert await server.call("add", {"a": 1, "b": 1}) == "The sum is 2."
    await server.close()


async def test_an_answer_that_is_too_long_is_reported_and_the_program_continues(server: McpServer) -> None:
    await _assert_long_answers_are_told(server)


async def _assert_long_answers_are_told(server: McpServer) -> None:
    assert len(await server.call("write", {"characters": MOST_BYTES // 4, "brackets": False})) == 20_000
    told = f"The tool failed: {TOO_LONG}"
    assert await server.call("write", {"characters": MOST_BYTES, "brackets": False}) == told
    assert await server.call("write", {"characters": MOST_NESTED, "brackets": True}) == told
    assert await server.call("add", {"a": 2, "b": 3}) == "The sum is 5."


@pytest.mark.parametrize(
    ("line", "answered"),
    [
        (b'{"jsonrpc":"2.0","id":3,"result":{"a":"%s"}}', 3),
        (b'{"result":{"id":4,"a":"%s"},"jsonrpc":"2.0","id":"x"}', "x"),
        (b'{"id": 5, "result":{"a":"%s"}}', 5),
        (b'{"jsonrpc":"2.0","id":3,"method":"roots/list","params":{"a":"%s"}}', None),
        (b'{"result":{"id":4,"a":"%s","id":3}}', None),
    ],
)
def test_a_long_line_is_never_kept_and_fails_the_request_it_answers(line: bytes, answered: int | str | None) -> None:
    decoder = BoundedLines()
    said = b"{}\n" + line % (b"a" * 2 * MOST_BYTES) + b"\n[]\n"
    read = "".join(decoder.decode(said[at : at + 65_536]) for at in range(0, len(said), 65_536))
    told = [] if answered is None else [failure(answered).decode()]
    assert read.splitlines() == ["{}", *told, "[]"]


async def test_a_server_that_dies_is_started_again() -> None:
    server = McpServer(definition())
    await server.start()
    assert await server.call("die", {}) == "The tool failed: its server cannot be reached"
    assert await server.call("add", {"a": 1, "b": 1}) == "The sum is 2."
    await server.close()


@pytest.mark.parametrize(
    ("command", "said"),
    [("/no/such/program", "there is no program '/no/such/program'"), ("true", "")],
    ids=["none", "no server"],
)
async def test_a_program_that_is_no_server_is_reported_at_the_start(command: str, said: str) -> None:
    with pytest.raises(AgentError, match=f"MCP server tools: {said}"):
        await McpServer(definition(command=command, args=(), start_timeout_s=5.0)).start()


async def test_a_program_that_says_nothing_is_given_up() -> None:
    with pytest.raises(AgentError, match=r"within 0\.5 s"):
        await McpServer(definition(command="sleep", args=("60",), start_timeout_s=0.5)).start()


async def test_tools_are_reached_over_http_without_a_proxy_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = await asyncio.create_subprocess_exec(sys.executable, PROGRAM, "http", str(port))
    server = McpServer(definition(command="", url=f"http://127.0.0.1:{port}/mcp"))
    try:
        async with asyncio.timeout(100):
            while True:
                try:
                    await server.start()
                    break
                except AgentError:
                    await asyncio.sleep(0.2)
        assert await server.call("add", {"a": 2, "b": 3}) == "The sum is 5."
        await _assert_long_answers_are_told(server)
        program.kill()
        await program.wait()
        assert (await server.call("add", {"a": 2, "b": 3})).startswith("The tool failed:")
    finally:
        await server.close()
        if program.returncode is None:
            program.kill()
            await program.wait()
