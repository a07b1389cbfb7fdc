"""Tool calls of an answer with their outputs, as the core, the agents and the store share them."""

import msgspec

from kouyu.domain.tool_calls import ToolCall, ToolOutput


class ToolRound(msgspec.Struct, frozen=True, kw_only=True):
    """Tool calls of the agent, run by the client or on the server, and their outputs in the order of the calls. In an
    earlier turn a call may have no output, if the turn was interrupted."""

    calls: tuple[ToolCall, ...]
    outputs: tuple[ToolOutput, ...]


def call_content(call: ToolCall) -> str:
    """The content of a ``function_call`` message: JSON text with ``name`` and ``arguments``."""
    return msgspec.json.encode(call.function).decode()
