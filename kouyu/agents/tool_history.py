"""Rebuilds the tool rounds of earlier turns from their saved messages (downlink.md 2.2)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from kouyu.agents.agent import ContextMessage
from kouyu.domain.messages import MessageType
from kouyu.domain.tool_calls import Function, ToolCall, ToolOutput
from kouyu.domain.tool_round import ToolRound
from kouyu.text.untrusted_json import decode_untrusted

_CALL: Final = "function_call"


class ToolMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A ``function_call`` or a tool's output. Messages that a client brought have no ``call_id``: an output then
    belongs to the call with the same position in the run of calls right before it."""

    type: MessageType
    """One of TOOL_TYPES."""
    content: str
    call_id: str = ""
    chat_id: str = ""
    """Ids of calls are unique only within one chat: some servers restart them with every answer."""


def as_message(tools: ToolRound) -> ContextMessage:
    """Convert a round to a context message."""
    return ContextMessage(role="assistant", content="", tool_round=tools)


def with_tool_rounds(messages: Iterable[ContextMessage | ToolMessage]) -> tuple[ContextMessage, ...]:
    """Replace tool messages with one message per round, at the position of its calls. Outputs without a call, and
    unreadable calls, are dropped; a call without an output stays, since it may have had effects."""
    messages = tuple(messages)
    return tuple(_placed(messages, _outputs_by_id(messages)))


def _outputs_by_id(messages: tuple[ContextMessage | ToolMessage, ...]) -> dict[int, str]:
    """Return outputs by the position of their call; an output belongs to the latest call with its id."""
    calls: dict[tuple[str, str], int] = {}
    outputs: dict[int, str] = {}
    for place, message in enumerate(messages):
        if not isinstance(message, ToolMessage) or not message.call_id:
            continue
        key = message.chat_id, message.call_id
        if message.type == _CALL:
            calls[key] = place
        elif key in calls:
            outputs[calls[key]] = message.content
    return outputs


def _placed(messages: tuple[ContextMessage | ToolMessage, ...], outputs: dict[int, str]) -> Iterator[ContextMessage]:
    row = _Row()
    for place, message in enumerate(messages):
        is_call = isinstance(message, ToolMessage) and message.type == _CALL
        if not isinstance(message, ToolMessage) or (is_call and row.has_outputs):
            yield from row.close()
            row = _Row()
        if not isinstance(message, ToolMessage):
            yield message
        elif is_call:
            row.take_call(message, place, outputs.get(place))
        else:
            row.take_output(message)
    yield from row.close()


@dataclass(slots=True)
class _Called:
    call: ToolCall | None
    """None where it cannot be read."""
    is_named: bool
    output: str | None


class _Row:
    """A run of consecutive calls, and the outputs right after them."""

    def __init__(self) -> None:
        self._called: list[_Called] = []
        self._unnamed: list[str] = []
        self.has_outputs = False

    def take_call(self, message: ToolMessage, place: int, output: str | None) -> None:
        """Add a call; ``output`` is given if the call has an id."""
        taken = {called.call.id for called in self._called if called.call is not None}
        # Nine letters and digits: the only generated ids that every endpoint accepts.
        call_id = message.call_id if message.call_id and message.call_id not in taken else f"call{place:05}"
        self._called.append(_Called(_call(message.content, call_id), bool(message.call_id), output))

    def take_output(self, message: ToolMessage) -> None:
        """Add the next output after the calls."""
        self.has_outputs = True
        if not message.call_id:
            self._unnamed.append(message.content)

    def close(self) -> Iterator[ContextMessage]:
        """Yield the run as one round; nothing if it has no calls."""
        unnamed = iter(self._unnamed)
        for called in self._called:
            if not called.is_named:
                called.output = next(unnamed, None)
        calls = tuple(called.call for called in self._called if called.call is not None)
        outputs = tuple(
            ToolOutput(tool_call_id=called.call.id, output=called.output)
            for called in self._called
            if called.call is not None and called.output is not None
        )
        if calls:
            yield as_message(ToolRound(calls=calls, outputs=outputs))


def _call(content: str, call_id: str) -> ToolCall | None:
    """Parse a call; None if it is not a JSON object with a name: a client may have written it."""
    try:
        written = decode_untrusted(content)
    except msgspec.DecodeError:
        return None
    if not isinstance(written, dict) or not isinstance(name := written.get("name"), str) or not name:
        return None
    return ToolCall(id=call_id, function=Function(name, _arguments(written.get("arguments"))))


def _arguments(written: Any) -> str:
    if isinstance(written, str):
        return written or "{}"
    return "{}" if written is None else msgspec.json.encode(written).decode()
