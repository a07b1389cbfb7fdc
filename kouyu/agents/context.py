"""Chooses the section's messages that fit the model's context, and converts them to OpenAI chat messages."""

from collections.abc import Collection, Sequence
from itertools import count, takewhile
from typing import Any, Final, Literal

import msgspec

from kouyu.agents.agent import AgentError, ContextMessage
from kouyu.agents.streamed_answer import estimate_messages
from kouyu.agents.token_estimate import MESSAGE_OVERHEAD, estimate_tokens
from kouyu.domain.content import ContentPart, ImagePart, TextPart, parse_parts
from kouyu.domain.errors import InvalidField
from kouyu.domain.options import Truncation
from kouyu.domain.tool_calls import ToolCall
from kouyu.domain.tool_round import ToolRound
from kouyu.text.calculation.question import result_of
from kouyu.text.language import language_of
from kouyu.text.untrusted_json import decode_untrusted

_IMAGE_TOKENS: Final = 800
_NO_OUTPUT: Final = "No result: the call was interrupted, or its result has not come yet."
"""Output for a call that has none: endpoints refuse a call without an output."""
_CUT_OFF: Final = "\n(cut off here)"
INSTRUCTIONS: Final = "Instructions"
"""Marks what a system message says, where it stands in a message of the user."""
BRIDGE: Final = "…"
"""Stands for a message that no one said, where chat templates and endpoints require one: of the user before an opening
line, since templates such as Gemma's refuse a chat that the assistant begins; of the user where the agent is to speak
without a question; of the assistant between tools and the user's next message (Mistral: "Unexpected role 'user' after
role 'tool'"). Should a model imitate it, nothing is spoken."""


def within_budget(
    messages: Sequence[ContextMessage], budget_tokens: int, kept_share: float = 0.5
) -> Sequence[ContextMessage]:
    """Return the latest messages that fit, roughly; always the last one.

    Messages are dropped in blocks: once the budget is passed, the oldest go until the others fit into ``kept_share`` of
    it. So the first message shown stays the same for many turns, and the server's prompt cache can be used.
    """
    first, total = 0, 0
    costs = [MESSAGE_OVERHEAD + _cost(message) for message in messages]
    for index, cost in enumerate(costs):
        total += cost
        if total <= budget_tokens:
            continue
        while first < index and total > budget_tokens * kept_share:
            total -= costs[first]
            first += 1
    # A shortened section begins with the user, as many chat templates require.
    while 0 < first < len(messages) - 1 and messages[first].role == "assistant":
        first += 1
    return messages[first:]


def truncated(recent: Sequence[ContextMessage], budget: int, truncation: Truncation) -> Sequence[ContextMessage]:
    """Return the latest messages that fit. Raises AgentError where none may be left out."""
    room = min(budget, truncation.most_tokens or budget)
    if not truncation.allowed and (needed := sum(MESSAGE_OVERHEAD + _cost(message) for message in recent)) > room:
        raise AgentError(
            f"The conversation has about {needed} tokens, and the model has room for {room}; nothing may be left out"
            " of it, because truncation is off"
        )
    return within_budget(recent, room, truncation.kept_share)


def instructions_before(messages: Sequence[ContextMessage]) -> tuple[str, ...]:
    """Return the system messages that the section begins with."""
    leading = takewhile(lambda one: one.role == "system", messages)
    return tuple("\n".join(part.get("text", "") for part in _as_parts(_content(message))) for message in leading)


def latest_rounds(messages: Sequence[ContextMessage], rounds: int | None) -> Sequence[ContextMessage]:
    """Return the question, which is the last message, and everything since the ``rounds``-th question before it; None
    keeps everything."""
    if rounds is None:
        return messages
    asked = [index for index, message in enumerate(messages[:-1]) if message.role == "user"]
    return messages[-1:] if not rounds else messages[asked[-rounds] if rounds <= len(asked) else 0 :]


def chat_messages(messages: Sequence[ContextMessage]) -> list[dict[str, Any]]:
    """Convert to OpenAI chat messages. Consecutive messages of one role are merged, as many chat templates require.

    Templates and endpoints that want user and assistant in turn refuse a system message between them, so its text
    becomes the user's, marked as instructions.
    """
    chat: list[dict[str, Any]] = []
    for message in messages:
        if message.tool_round is not None:
            _add_tools(chat, message.tool_round)
        # Pictures from tools go into a user message: OpenAI accepts only text from tools.
        role: Literal["user", "assistant"] = "assistant"
        if message.role != "assistant" or message.tool_round is not None:
            role = "user"
        if content := _content(message):
            _add(chat, role, marked_as_instructions(content) if message.role == "system" else content)
    return chat


def with_result(message: ContextMessage) -> ContextMessage:
    """Return the user's message with the result of the calculation that it asks for, if it asks for one."""
    if message.role != "user" or message.content_type != "text" or not (result := result_of(message.content)):
        return message
    if language_of(message.content) == "zh":
        note = f"（答案：{'' if result.is_exact else '约'}{result.text}）"
    else:
        note = f"[{INSTRUCTIONS}: the answer is {'' if result.is_exact else 'about '}{result.text}]"
    return msgspec.structs.replace(message, content=f"{message.content}\n{note}")


def with_somebody_to_answer(chat: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the chat with a message of the user at its end, if it ends with the assistant's or with none of theirs:
    servers would refuse it, or continue the assistant's last message."""
    if chat and chat[-1]["role"] in ("user", "tool"):
        return chat
    return [*chat, {"role": "user", "content": BRIDGE}]


def marked_as_instructions(content: str | list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """Mark the content of a system message, which a user's message is to hold."""
    if isinstance(content, str):
        return f"[{INSTRUCTIONS}: {content}]"
    return [{"type": "text", "text": f"[{INSTRUCTIONS}]"}, *content]


def _add(chat: list[dict[str, Any]], role: Literal["user", "assistant"], content: str | list[dict[str, Any]]) -> None:
    if chat and chat[-1]["role"] == role:
        chat[-1]["content"] = _joined(chat[-1]["content"], content)
        return
    if not chat and role == "assistant":
        chat.append({"role": "user", "content": BRIDGE})
    if chat and chat[-1]["role"] == "tool" and role == "user":
        chat.append({"role": "assistant", "content": BRIDGE})
    chat.append({"role": role, "content": content})


def with_own_ids(chat: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give calls that repeat an earlier call's id a new one: some servers restart their ids at every answer, and some
    refuse duplicates."""
    seen: set[str] = set()
    renamed: dict[str, str] = {}
    own: list[dict[str, Any]] = []
    for message in chat:
        if calls := message.get("tool_calls"):
            renamed = {}
            for call in calls:
                renamed[call["id"]] = own_id = _own_id(call["id"], seen)
                seen.add(own_id)
            own.append({**message, "tool_calls": [{**call, "id": renamed[call["id"]]} for call in calls]})
        elif message["role"] == "tool":
            own.append({**message, "tool_call_id": renamed[message["tool_call_id"]]})
        else:
            own.append(message)
    return own


def _own_id(call_id: str, taken: Collection[str]) -> str:
    if call_id not in taken:
        return call_id
    return next(made for number in count(1) if (made := f"call{number:05}") not in taken)


def shortened(message: ContextMessage, most_tokens: int) -> ContextMessage:
    """Cut each tool's output at about ``most_tokens``: the answer after it was made from the whole output."""
    tools = message.tool_round
    if tools is None:
        return message
    outputs = tuple(
        msgspec.structs.replace(output, output=_cut(output.output, most_tokens)) for output in tools.outputs
    )
    return msgspec.structs.replace(message, tool_round=msgspec.structs.replace(tools, outputs=outputs))


def _add_tools(chat: list[dict[str, Any]], tools: ToolRound) -> None:
    outputs = {output.tool_call_id: output.output for output in tools.outputs}
    calls = [msgspec.to_builtins(_well_formed(call)) for call in tools.calls]
    if chat and chat[-1]["role"] == "assistant" and "tool_calls" not in chat[-1]:
        chat[-1]["tool_calls"] = calls
    else:
        chat.append({"role": "assistant", "content": None, "tool_calls": calls})
    chat += [
        {"role": "tool", "tool_call_id": call.id, "content": outputs.get(call.id, _NO_OUTPUT)} for call in tools.calls
    ]


def _well_formed(call: ToolCall) -> ToolCall:
    """Replace arguments that are not a JSON object: chat templates that parse them would fail at every later turn."""
    arguments = call.function.arguments
    try:
        is_object = isinstance(decode_untrusted(arguments), dict)
    except msgspec.DecodeError:
        is_object = False
    if is_object:
        return call
    wrapped = msgspec.json.encode({"arguments": arguments}).decode()
    return msgspec.structs.replace(call, function=msgspec.structs.replace(call.function, arguments=wrapped))


def _cut(text: str, most_tokens: int) -> str:
    tokens = estimate_tokens(text)
    return text if tokens <= most_tokens else text[: len(text) * most_tokens // tokens] + _CUT_OFF


def _cost(message: ContextMessage) -> int:
    """Estimate the message's tokens; each picture counts as a fixed, typical number whatever its size."""
    if message.tool_round is not None:
        chat = chat_messages([message])
        parts = [part for shown in chat for part in _as_parts(shown["content"] or "")]
        return estimate_messages(chat) + _IMAGE_TOKENS * len([part for part in parts if part["type"] == "image_url"])
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
    """Convert text and pictures with a URL; None for other files, which the model cannot reach."""
    match part:
        case TextPart(text=text):
            return {"type": "text", "text": text}
        case ImagePart(file_url=str(address), detail=detail):
            return {"type": "image_url", "image_url": {"url": address, **({"detail": detail} if detail else {})}}
        case _:
            return None


def _joined(earlier: Any, later: Any) -> Any:
    if isinstance(earlier, str) and isinstance(later, str):
        return f"{earlier}\n{later}"
    return [*_as_parts(earlier), *_as_parts(later)]


def _as_parts(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content
