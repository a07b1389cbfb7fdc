"""The tools that a model may call in one completion, and whether it must: the bot's own, or those of its client."""

from collections.abc import Sequence
from typing import Any

from kouyu.agents.server_tools import ServerTools
from kouyu.domain.options import AnswerOptions, ToolDefinition
from kouyu.domain.tool_calls import ToolCall


class UsableTools:
    """``definitions`` and ``choice`` go into the request to the model; ``run_here`` tells where a call runs."""

    def __init__(
        self,
        own: Sequence[dict[str, Any]],
        on_server: ServerTools,
        asked: AnswerOptions,
        *,
        calls_again: bool,
        may_call: bool,
        obeyed: bool,
    ) -> None:
        """``own`` are the bot's tools at the client, in place of which ``asked`` may have the client's. Of two tools of
        one name, the client's counts. ``calls_again``: the model has called a tool for this answer, so that it need not
        call another one. ``obeyed``: its server follows ``tool_choice`` (``ModelEndpoint.obeys_tool_choice``)."""
        at_client = own if asked.tools is None else [_definition(tool) for tool in asked.tools]
        taken = {tool["function"]["name"] for tool in at_client}
        here = [tool for tool in on_server.definitions if tool["function"]["name"] not in taken]
        self._here = {tool["function"]["name"] for tool in here}
        self.definitions: tuple[dict[str, Any], ...] = (*at_client, *here)
        """OpenAI tool definitions."""
        self.choice: dict[str, Any] = {}
        """The request's ``tool_choice``, or what has the same effect, if it is another than the model's own."""
        wanted = asked.tool_choice
        if not self.definitions or (may_call and wanted in (None, "auto")):
            return
        if wanted == "none" or not may_call:
            self.choice = {"tool_choice": "none"} if obeyed else {}
            self.definitions = self.definitions if obeyed else ()
        elif not calls_again:
            # The model gets the named tool alone: a choice by name is refused by llama.cpp's server.
            named = tuple(tool for tool in self.definitions if tool["function"]["name"] == wanted)
            self.definitions = named or self.definitions
            if named or wanted == "required":
                required = {"tool_choice": "required"}
                self.choice = required if obeyed else {"json_schema": _call_of(self.definitions)}

    def run_here(self, call: ToolCall) -> bool:
        """Whether the call is for a tool on the server."""
        return call.function.name in self._here


def _definition(tool: ToolDefinition) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _call_of(tools: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The JSON Schema of a call of one of the tools, as models write it (``markup/bare_calls.py``)."""
    functions = (tool["function"] for tool in tools)
    calls = ({"name": {"const": each["name"]}, "arguments": each["parameters"]} for each in functions)
    required = ["name", "arguments"]
    return {"anyOf": [{"type": "object", "properties": call, "required": required} for call in calls]}
