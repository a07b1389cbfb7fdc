"""Parses the chunks of a streamed chat completion and assembles tool calls. Lenient where servers differ."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import msgspec

from kouyu.agents.answer_limits import PORTION, portions
from kouyu.domain.tool_calls import Function, ToolCall
from kouyu.text.growing_text import GrowingText
from kouyu.text.untrusted_json import decode_untrusted


class ErrorBody(msgspec.Struct, frozen=True):
    """The ``error`` of an OpenAI error body; some servers send a bare text in its place."""

    message: str = ""


class FunctionPiece(msgspec.Struct, frozen=True):
    """The next piece of a function's name and arguments."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class ToolCallPiece(msgspec.Struct, frozen=True):
    """The next piece of the tool call number ``index``."""

    index: int | None = None
    id: str | None = None
    function: FunctionPiece | None = None


class Delta(msgspec.Struct, frozen=True):
    """What one chunk adds."""

    content: str | list[dict[str, Any]] | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    thinking: Any = None
    reasoning_details: Any = None
    tool_calls: list[ToolCallPiece] | None = None

    @property
    def text(self) -> str:
        """The content; for content in parts, the text parts joined."""
        if not isinstance(self.content, list):
            return self.content or ""
        return "".join(_text_in(part) for part in self.content if part.get("type", "text") in _TEXT_PARTS)

    @property
    def thought(self) -> str:
        """Reasoning sent in a field of its own. Servers that fill several fields repeat the same text in all."""
        fields = (self.reasoning_content, self.reasoning, self.thinking, self.reasoning_details)
        apart = next((text for field in fields if (text := _text_in(field))), "")
        if apart or not isinstance(self.content, list):
            return apart
        return "".join(_text_in(part) for part in self.content if part.get("type", "text") not in _TEXT_PARTS)


_TEXT_PARTS: Final = ("text", "output_text")
_TEXT_KEYS: Final = ("text", "content", "thinking", "summary")


def _text_in(value: Any) -> str:
    """The text of a field, however it is wrapped: bare, in an object, or in a list of these."""
    match value:
        case str():
            return value
        case list():
            return "".join(_text_in(each) for each in value)
        case dict():
            return next((text for key in _TEXT_KEYS if (text := _text_in(value.get(key)))), "")
        case _:
            return ""


class Choice(msgspec.Struct, frozen=True):
    """The only answer requested. ``message`` is set when the server does not stream."""

    index: int = 0
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None


class UsageCount(msgspec.Struct, frozen=True):
    """Tokens as the server counts them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Chunk(msgspec.Struct, frozen=True):
    """One event of the stream, or a whole completion."""

    choices: list[Choice] | None = None
    usage: UsageCount | None = None
    error: ErrorBody | str | None = None

    @property
    def error_message(self) -> str | None:
        """The server's error message; None if there was no error."""
        return self.error.message or "unknown error" if isinstance(self.error, ErrorBody) else self.error


def decode_chunk(data: bytes) -> Chunk:
    """Decode one chunk. Raises msgspec.DecodeError when ``data`` is not one."""
    return decode_untrusted(data, Chunk)


MOST_CALLS: Final = 64
"""Most tool calls in one answer."""
LONGEST_ARGUMENTS: Final = 131_072
"""Most characters of JSON arguments in one call."""


class CallsTooLarge(ValueError):
    """The model made more tool calls, or longer arguments, than the limits allow."""


def in_portions(chunk: Chunk) -> Iterator[Chunk]:
    """Split a chunk with long text into several that together equal it."""
    choice = chunk.choices[0] if chunk.choices else None
    delta = choice.delta or choice.message if choice is not None else None
    if choice is None or delta is None or len(delta.text) <= PORTION:
        yield chunk
        return
    *first, last = portions(delta.text)
    for place, text in enumerate(first):
        yield Chunk(choices=[Choice(delta=Delta(content=text, reasoning_content=delta.thought if not place else None))])
    rest = Delta(content=last, tool_calls=delta.tool_calls)
    yield Chunk(choices=[Choice(delta=rest, finish_reason=choice.finish_reason)], usage=chunk.usage)


class _Call:
    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments = GrowingText()


class ToolCallAssembly:
    """Assembles tool calls from their pieces by index, or by id for servers that send no index."""

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}

    def add(self, pieces: list[ToolCallPiece]) -> None:
        """Add the pieces of one chunk. Raises CallsTooLarge."""
        for piece in pieces:
            call = self._calls.setdefault(self._index_of(piece), _Call())
            call.id = call.id or piece.id or ""
            if piece.function is not None:
                call.name = call.name or piece.function.name or ""
                call.arguments.add(_arguments_text(piece.function.arguments)[: LONGEST_ARGUMENTS + 1])
                if len(call.arguments) > LONGEST_ARGUMENTS or len(self._calls) > MOST_CALLS:
                    raise CallsTooLarge(
                        f"tool calls beyond the limit: {MOST_CALLS} of them, of {LONGEST_ARGUMENTS} characters each"
                    )

    def calls(self) -> tuple[ToolCall, ...]:
        """All calls, in order. A call without an id, or with the id of another call, gets a new one."""
        calls: dict[str, ToolCall] = {}
        for _, call in sorted(self._calls.items()):
            call_id = call.id if call.id and call.id not in calls else f"call_{uuid4().hex}"
            calls[call_id] = ToolCall(id=call_id, function=Function(call.name, str(call.arguments) or "{}"))
        return tuple(calls.values())

    def _index_of(self, piece: ToolCallPiece) -> int:
        if piece.index is not None:
            return piece.index
        last = max(self._calls, default=-1)
        begins = last < 0 or (piece.id and piece.id != self._calls[last].id)
        return last + 1 if begins else last


def _arguments_text(arguments: str | dict[str, Any] | None) -> str:
    return msgspec.json.encode(arguments).decode() if isinstance(arguments, dict) else arguments or ""
