"""An MCP server that offers tools, over stdio of a child process or over streamable HTTP."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kouyu.agents.agent import AgentError
from kouyu.agents.mcp_message_limit import BOUNDED_LINES
from kouyu.engines.this_machine import is_this_machine

if TYPE_CHECKING:
    from mcp import Client

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_MAX_RESULT_CHARACTERS: Final = 20_000


class McpServerDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach a server: by ``command``, or else by ``url``."""

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    """Environment variables of the program, besides PATH, HOME and the like."""
    url: str = ""
    headers: dict[str, str] = {}
    start_timeout_s: float = 30.0
    call_timeout_s: float = 15.0
    """Time-out of one tool call, below the limits reply_start_s and reply_stall_s, else these end the chat first."""


class McpTool(msgspec.Struct, frozen=True):
    """A tool as its server names it; ``parameters`` is a JSON Schema."""

    name: str
    description: str
    parameters: dict[str, Any]


class McpServer:
    """One connection, shared by all bots and conversations; reconnects when it is lost. Call ``close`` when done."""

    def __init__(self, definition: McpServerDefinition) -> None:
        self.definition = definition
        self.tools: tuple[McpTool, ...] = ()
        """The tools that the server listed at the last connection."""
        self._client: Client | None = None
        self._ready = asyncio.Event()
        self._lost = asyncio.Event()
        self._connected: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    async def start(self) -> None:
        """Connect, and list the tools. Raises AgentError when that fails."""
        program = self.definition.command
        if program and shutil.which(program, path=self.definition.env.get("PATH")) is None:
            raise self._error(f"there is no program {program!r} to start")
        self._connected = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._stay_connected(), name=f"MCP server {self.definition.name}")
        try:
            async with asyncio.timeout(self.definition.start_timeout_s):
                await asyncio.shield(self._connected)
        except TimeoutError:
            await self.close()
            raise self._error(f"it did not start within {self.definition.start_timeout_s:g} s") from None
        except BaseException:
            await self.close()
            raise

    async def call(self, tool: str, arguments: dict[str, Any]) -> str:
        """Call a tool, and return its result as text for the model. A failure is returned as text too, never raised."""
        try:
            async with asyncio.timeout(self.definition.call_timeout_s):
                result = await self._call(tool, arguments)
        except TimeoutError:
            log.warning("MCP server %s: a tool took too long", self.definition.name)
            return f"The tool failed: it did not answer within {self.definition.call_timeout_s:g} s."
        except Exception as fault:  # the boundary to the SDK and the server: the model gets the error, and goes on
            log.warning("MCP server %s: a tool call failed (%s)", self.definition.name, type(fault).__name__)
            if _is_lost(fault):
                self._ready.clear()
                self._lost.set()
            return f"The tool failed: {_reason_for_model(fault)}"[:_MAX_RESULT_CHARACTERS]
        text = _result_text(result)
        return f"The tool failed: {text}" if result.is_error else text

    async def _call(self, tool: str, arguments: dict[str, Any]) -> Any:
        await self._ready.wait()
        assert self._client is not None
        return await self._client.call_tool(tool, arguments)

    async def close(self) -> None:
        """Disconnect, and end the program if one was started."""
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _stay_connected(self) -> None:
        """Enter and leave the client in one task, as its cancel scopes require."""
        assert self._connected is not None
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                async with self._session() as client:
                    self.tools = await _tools(client)
                    self._client = client
                    self._ready.set()
                    pause_s = _FIRST_PAUSE_S
                    if not self._connected.done():
                        self._connected.set_result(None)
                    await self._lost.wait()
            except Exception as fault:  # anything the SDK raises, also as a group: reconnect
                reason = _reason(fault)
                if not self._connected.done():
                    self._connected.set_exception(self._error(reason))
                    return
                log.warning("MCP server %s is not connected: %s", self.definition.name, reason)
            finally:
                self._client = None
                self._ready.clear()
                self._lost.clear()
            if self._closing:  # the SDK may turn the cancellation into an error of its own
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator["Client"]:
        await asyncio.to_thread(_import_sdk)
        import httpx2
        from mcp import Client, StdioServerParameters
        from mcp.client.streamable_http import streamable_http_client

        chosen = self.definition
        if chosen.command:
            program = StdioServerParameters(
                command=chosen.command, args=list(chosen.args), env=chosen.env, encoding=BOUNDED_LINES
            )
            async with Client(program) as client:
                yield client
            return
        from kouyu.agents.mcp_response_limit import bound

        timeout = httpx2.Timeout(chosen.call_timeout_s, read=None)
        # A proxy from the environment cannot reach a server on this machine.
        trust_env = not is_this_machine(chosen.url)
        async with (
            httpx2.AsyncClient(
                headers={"Accept-Encoding": "identity", **chosen.headers},
                timeout=timeout,
                trust_env=trust_env,
                event_hooks={"response": [bound]},
            ) as http,
            Client(streamable_http_client(chosen.url, http_client=http)) as client,
        ):
            yield client

    def _error(self, what: str) -> AgentError:
        return AgentError(f"MCP server {self.definition.name}: {what}")


def _import_sdk() -> None:
    """Import the SDK (a second: use a thread) and turn its log off: it may quote users, and we log failures."""
    import mcp  # noqa: F401

    logging.getLogger("mcp").setLevel(logging.CRITICAL)


async def _tools(client: "Client") -> tuple[McpTool, ...]:
    tools: list[McpTool] = []
    cursor: str | None = None
    while True:
        page = await client.list_tools(cursor=cursor)
        tools += [McpTool(tool.name, tool.description or "", tool.input_schema) for tool in page.tools]
        cursor = page.next_cursor
        if not cursor:
            return tuple(tools)


def _result_text(result: Any) -> str:
    """Return the text parts; without any, the structured result as JSON."""
    parts = [part.text if part.type == "text" else f"[{part.type}]" for part in result.content]
    if not parts and result.structured_content is not None:
        parts = [msgspec.json.encode(result.structured_content).decode()]
    return "\n".join(parts)[:_MAX_RESULT_CHARACTERS]


def _is_lost(fault: Exception) -> bool:
    from anyio import BrokenResourceError, ClosedResourceError
    from mcp import MCPError
    from mcp_types import CONNECTION_CLOSED

    if isinstance(fault, MCPError):
        return bool(fault.error.code == CONNECTION_CLOSED)
    return isinstance(fault, BrokenResourceError | ClosedResourceError | OSError)


def _reason_for_model(fault: Exception) -> str:
    """Describe a failure for the model, which may repeat it to the user: no addresses or internals unless the server
    itself answered with them."""
    from mcp import MCPError

    if isinstance(fault, MCPError) and not _is_lost(fault):
        return _reason(fault)
    return "its server cannot be reached"


def _reason(fault: BaseException) -> str:
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    # str() of the SDK's own error lacks its message.
    return str(getattr(fault, "message", "")) or f"{type(fault).__name__}: {fault}"
