"""Calls of tools by the model, and their outputs."""

from typing import Literal

import msgspec


class Function(msgspec.Struct, frozen=True):
    """A function that the model requests to call; ``arguments`` is JSON text."""

    name: str
    arguments: str


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """One tool call that the client must answer with ``submit_tool_outputs``."""

    id: str
    type: Literal["function"] = "function"
    function: Function


class ToolOutput(msgspec.Struct, frozen=True, kw_only=True):
    """The output of one of the client's tools."""

    tool_call_id: str
    output: str
