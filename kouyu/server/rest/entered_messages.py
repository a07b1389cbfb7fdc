"""Messages that clients add: EnterMessage (rest.md 3.1). Ids and times in them are ignored."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from kouyu.domain.content import check_content
from kouyu.domain.errors import InvalidField
from kouyu.domain.messages import ContentType
from kouyu.domain.object_ranges import MetaData
from kouyu.text_chats.chat_request import EnteredMessage

Role = Literal["user", "assistant"]
Kind = Literal["question", "answer", "function_call", "tool_output", "tool_response", ""]
TypeOfContent = Literal["text", "object_string", ""]
Content = Annotated[
    str | list[dict[str, Any]],
    Meta(description="The text; or the parts of an object_string, as a JSON string or array."),
]
Pairs = Annotated[dict[str, Any], Meta(description="At most 16 pairs, keys of 1 to 64 characters, values of 1 to 512.")]


class EnterMessage(Struct, frozen=True, kw_only=True):
    """A message as clients write it. The default type is question for the user, answer for the assistant."""

    role: Role
    content: Content
    content_type: TypeOfContent = ""
    type: Kind = ""
    meta_data: Pairs = {}


def entered_message(written: EnterMessage, path: str = "") -> EnteredMessage:
    """Check a message; ``path`` is put before its fields' names in errors. Raises InvalidField."""
    # A question may not be empty; an answer to a client's tool may.
    may_be_empty = written.role != "user" or written.type not in ("question", "")
    content, content_type = entered_content(
        written.content, written.content_type or "text", path, may_be_empty=may_be_empty
    )
    return EnteredMessage(
        role=written.role,
        type=written.type or ("question" if written.role == "user" else "answer"),
        content=content,
        content_type=content_type,
        meta_data=entered_pairs(written.meta_data, path),
    )


def entered_messages(written: tuple[EnterMessage, ...], name: str) -> tuple[EnteredMessage, ...]:
    """Check a list of messages in the field ``name``. Raises InvalidField."""
    return tuple(entered_message(each, f"{name}[{place}].") for place, each in enumerate(written))


def entered_content(
    content: str | list[dict[str, Any]], content_type: ContentType, path: str = "", *, may_be_empty: bool = True
) -> tuple[str, ContentType]:
    """Content as text, with its type: one SDK sends the parts of an object_string as an array. Raises InvalidField."""
    if isinstance(content, list):
        content, content_type = msgspec.json.encode(content).decode(), "object_string"
    check_content(content, content_type, f"{path}content", may_be_empty=may_be_empty)
    return content, content_type


def entered_pairs(meta_data: dict[str, Any], path: str = "") -> dict[str, str]:
    """Check the ``meta_data`` of a message or chat. Raises InvalidField."""
    return MetaData().check(f"{path}meta_data", meta_data)


def at_most(limit: int, messages: tuple[EnterMessage, ...], name: str, code: int) -> None:
    """Raises InvalidField, with ``code``, for more than ``limit`` messages."""
    if len(messages) > limit:
        raise InvalidField(name, f"{len(messages)} messages", f"at most {limit} messages", code=code)
