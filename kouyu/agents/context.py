"""Which of a section's messages the model is shown, and in what form."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from kouyu.agents.agent import ContextMessage, ToolRound
from kouyu.agents.token_estimate import MESSAGE_OVERHEAD, estimate_tokens
from kouyu.protocol.content import ContentPart, ImagePart, TextPart, parse_parts
from kouyu.protocol.errors import InvalidField

_IMAGE_TOKENS: Final = 800


def within_budget(messages: Sequence[ContextMessage], budget_tokens: int) -> Sequence[ContextMessage]:
    """The latest messages that fit, roughly; always the last one.

    Messages are dropped in blocks: once the budget is passed, the oldest go until half of it is free again. So the
    first message shown stays the same for many turns, and the server's prompt cache can be used.
    """
    first, total = 0, 0
    costs = [MESSAGE_OVERHEAD + _cost(message) for message in messages]
    for index, cost in enumerate(costs):
        total += cost
        if total <= budget_tokens:
            continue
        while first < index and total > budget_tokens // 2:
            total -= costs[first]
            first += 1
    # A section cut short begins with the user, as many chat templates demand.
    while 0 < first < len(messages) - 1 and messages[first].role == "assistant":
        first += 1
    return messages[first:]


def latest_rounds(messages: Sequence[ContextMessage], rounds: int | None) -> Sequence[ContextMessage]:
    """The question, which is the last message, and what was said since the ``rounds``-th question before it; None keeps
    everything."""
    if rounds is None:
        return messages
    asked = [index for index, message in enumerate(messages[:-1]) if message.role == "user"]
    return messages[-1:] if not rounds else messages[asked[-rounds] if rounds <= len(asked) else 0 :]


def chat_messages(messages: Sequence[ContextMessage]) -> list[dict[str, Any]]:
    """The messages as OpenAI wants them. Messages of one role in a row become one, as many chat templates demand."""
    chat: list[dict[str, Any]] = []
    for message in messages:
        content = _content(message)
        if not content:
            continue
        if chat and chat[-1]["role"] == message.role:
            chat[-1]["content"] = _joined(chat[-1]["content"], content)
        else:
            chat.append({"role": message.role, "content": content})
    return chat


def tool_messages(rounds: Sequence[ToolRound]) -> list[dict[str, Any]]:
    """Calls of tools and what they gave, as OpenAI wants them: each call gets exactly one answer."""
    chat: list[dict[str, Any]] = []
    for tools in rounds:
        outputs = {output.tool_call_id: output.output for output in tools.outputs}
        chat.append({"role": "assistant", "content": None, "tool_calls": msgspec.to_builtins(tools.calls)})
        chat += [{"role": "tool", "tool_call_id": call.id, "content": outputs.get(call.id, "")} for call in tools.calls]
    return chat


def _cost(message: ContextMessage) -> int:
    """Tokens, roughly; of pictures what models commonly make of them, whatever their size."""
    content = _content(message)
    if isinstance(content, str):
        return estimate_tokens(content)
    return sum(estimate_tokens(part["text"]) if part["type"] == "text" else _IMAGE_TOKENS for part in content)


def _content(message: ContextMessage) -> str | list[dict[str, Any]]:
    if message.content_type == "audio":
        return ""
    if message.content_type != "object_string":
        return f"[{message.voice_print.spoken_of}] {message.content}" if message.voice_print else message.content
    try:
        parts = parse_parts(message.content)
    except InvalidField:
        return message.content
    if all(isinstance(part, TextPart) for part in parts):
        return "\n".join(part.text for part in parts if isinstance(part, TextPart))
    return [shown for part in parts if (shown := _part(part)) is not None]


def _part(part: ContentPart) -> dict[str, Any] | None:
    """Text and pictures with an address; the model cannot reach other files."""
    match part:
        case TextPart(text=text):
            return {"type": "text", "text": text}
        case ImagePart(file_url=str(address)):
            return {"type": "image_url", "image_url": {"url": address}}
        case _:
            return None


def _joined(earlier: Any, later: Any) -> Any:
    if isinstance(earlier, str) and isinstance(later, str):
        return f"{earlier}\n{later}"
    return [*_as_parts(earlier), *_as_parts(later)]


def _as_parts(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content
