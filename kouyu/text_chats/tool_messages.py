"""Tools as a client that looks on is shown them: a function_call and a tool_response for each call."""

from collections.abc import Iterator

import msgspec

from kouyu.agents.agent import ToolRound
from kouyu.conversation.chat_record import ChatRecord
from kouyu.conversation.effects import Effect
from kouyu.protocol.downlink import ToolCall
from kouyu.protocol.uplink import ToolOutput


def show_calls(record: ChatRecord, calls: tuple[ToolCall, ...], now: float) -> Iterator[Effect]:
    """What is called, as JSON text with ``name`` and ``arguments``."""
    for call in calls:
        yield from record.add_message("function_call", msgspec.json.encode(call.function).decode(), now)


def show_outputs(record: ChatRecord, outputs: tuple[ToolOutput, ...], now: float) -> Iterator[Effect]:
    """What the tools gave, as they gave it."""
    for output in outputs:
        yield from record.add_message("tool_response", output.output, now)


def show_round(record: ChatRecord, tools: ToolRound, now: float) -> Iterator[Effect]:
    """Both, for tools that ran on the server."""
    yield from show_calls(record, tools.calls, now)
    yield from show_outputs(record, tools.outputs, now)
