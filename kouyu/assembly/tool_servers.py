"""Connects the MCP servers of the settings."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from kouyu.agents.mcp_server import McpServer, McpServerDefinition
from kouyu.assembly.secrets import from_environment, with_bearer
from kouyu.settings.bots import McpServerSettings


@asynccontextmanager
async def open_tool_servers(chosen: Sequence[McpServerSettings]) -> AsyncIterator[Mapping[str, McpServer]]:
    """Connect the servers concurrently, by name; disconnect them when the block ends. Raises AgentError."""
    servers = await connect_tool_servers(chosen)
    try:
        yield servers
    finally:
        await disconnect(servers.values())


async def connect_tool_servers(chosen: Sequence[McpServerSettings]) -> dict[str, McpServer]:
    """Connect the servers concurrently, by name; the caller disconnects them. Raises AgentError, and none stays."""
    servers = {settings.name: McpServer(definition_of(settings)) for settings in chosen}
    try:
        results = await asyncio.gather(*(server.start() for server in servers.values()), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
    except BaseException:
        await disconnect(servers.values())
        raise
    return servers


async def disconnect(servers: Iterable[McpServer]) -> None:
    """Disconnect the servers concurrently."""
    await asyncio.gather(*(server.close() for server in servers))


def definition_of(settings: McpServerSettings) -> McpServerDefinition:
    """How the settings say to reach the server. Raises AgentError for a variable that the environment lacks."""
    owner = f"MCP server {settings.name}"
    passed = {name: from_environment(owner, "pass_env", name) for name in settings.pass_env}
    return McpServerDefinition(
        name=settings.name,
        command=settings.command,
        args=settings.args,
        env=settings.env | passed,
        url=settings.url,
        headers=with_bearer(owner, settings.headers, settings.token_env),
        start_timeout_s=settings.start_timeout_s,
        call_timeout_s=settings.call_timeout_s,
    )
