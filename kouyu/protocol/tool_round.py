"""Tools that an answer asked for, and what they gave: the core, agents and the store speak of them alike."""

import msgspec

from kouyu.protocol.downlink import ToolCall
from kouyu.protocol.uplink import ToolOutput


class ToolRound(msgspec.Struct, frozen=True, kw_only=True):
    """Tools the agent asked for, at the client or on the server, and what they gave, in the order of the calls. In an
    earlier turn a call may have no output: it was interrupted."""

    calls: tuple[ToolCall, ...]
    outputs: tuple[ToolOutput, ...]


def call_content(call: ToolCall) -> str:
    """The content of a ``function_call`` message: JSON text with ``name`` and ``arguments``."""
    return msgspec.json.encode(call.function).decode()
