"""A small MCP server: over stdio when run as a program, over streamable HTTP with ``http PORT``.

Tools: ``add`` numbers, ``fail``, ``sleep`` for ten seconds, ``die``, ``write`` a text, ``time.now`` with a name
no model may use. The file that MCP_LOG names gets a line for each call.
"""

import asyncio
import os
import sys

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("stand-in")


def note(tool: str) -> None:
    """For tests that ask what has been called."""
    if path := os.environ.get("MCP_LOG"):
        with open(path, "a") as log:
            log.write(f"{tool}\n")


@server.tool()
def add(a: int, b: int) -> str:
    """Add two numbers."""
    note("add")
    return f"The sum is {a + b}."


@server.tool()
def fail() -> str:
    """Cannot be done."""
    note("fail")
    raise ToolError("no such city")


@server.tool()
async def sleep() -> str:
    """Takes ten seconds."""
    note("sleep")
    await asyncio.sleep(10)
    return "Good morning."


@server.tool()
def die() -> str:
    """Ends the program in the middle of the call."""
    note("die")
    os._exit(1)


@server.tool()
def write(characters: int, brackets: bool) -> str:
    """A text of any length."""
    return ("[" if brackets else "a") * characters


@server.tool(name="time.now")
def now() -> str:
    """The time of day."""
    note("time.now")
    return "Half past four."


if __name__ == "__main__":
    if sys.argv[1:2] == ["http"]:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
    else:
        server.run()
