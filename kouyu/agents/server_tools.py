"""The tools of a bot's MCP servers, under the names its model gets."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from kouyu.agents.mcp_server import McpServer
from kouyu.domain.tool_calls import ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound
from kouyu.text.untrusted_json import decode_untrusted

_LONGEST_NAME: Final = 64
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")


class ServerTools:
    """The tools of several servers. Names are changed to the form that OpenAI allows; of two equal ones the later gets
    its server's name as prefix. ``taken`` are the names of client-side tools; ``only`` selects tools of the servers
    named in it."""

    def __init__(
        self,
        servers: Sequence[McpServer] = (),
        *,
        taken: Sequence[str] = (),
        only: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._tools: dict[str, tuple[McpServer, str]] = {}
        definitions = []
        for server in servers:
            chosen = (only or {}).get(server.definition.name)
            for tool in server.tools:
                if chosen is not None and tool.name not in chosen:
                    continue
                name = _model_name(tool.name)
                if name in self._tools or name in taken:
                    name = _model_name(f"{server.definition.name}__{tool.name}")
                self._tools[name] = (server, tool.name)
                function = {"name": name, "description": tool.description, "parameters": tool.parameters}
                definitions.append({"type": "function", "function": function})
        self.definitions: tuple[dict[str, Any], ...] = tuple(definitions)
        """OpenAI tool definitions."""

    async def run(self, calls: Sequence[ToolCall]) -> ToolRound:
        """Call the tools concurrently. The output of a tool that fails is its error's text."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._run(call)) for call in calls]
        outputs = tuple(
            ToolOutput(tool_call_id=call.id, output=task.result()) for call, task in zip(calls, tasks, strict=True)
        )
        return ToolRound(calls=tuple(calls), outputs=outputs)

    async def _run(self, call: ToolCall) -> str:
        server, name = self._tools[call.function.name]
        try:
            arguments = decode_untrusted(call.function.arguments or "{}")
        except msgspec.DecodeError as fault:
            return f"The tool was not called: its arguments are not JSON ({fault})."
        if not isinstance(arguments, dict):
            return "The tool was not called: its arguments are not a JSON object."
        return await server.call(name, arguments)


def _model_name(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME]
