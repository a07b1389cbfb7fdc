"""The ``input`` of a ``response.create``: what an answer is asked with instead of the conversation, as items and as
references to those of the conversation."""

from collections.abc import Mapping
from typing import Any, Final

from kouyu.domain.content import check_content
from kouyu.domain.errors import InvalidField
from kouyu.domain.options import GivenMessage
from kouyu.protocol.openai.conversation_items import ConversationItems, KnownItem
from kouyu.protocol.openai.faults import missing
from kouyu.protocol.openai.inline_media import InlineMedia
from kouyu.protocol.openai.items import Item, read_item, tool_output, written_content

MOST_INPUT: Final = 200
_ARRAY: Final = f"an array of at most {MOST_INPUT} items or references to items"
_REFERENCE: Final = "the id of an item of this session"


def read_input(value: object, path: str, items: ConversationItems, media: InlineMedia) -> tuple[GivenMessage, ...]:
    """The messages that ``value`` stands for; ``items`` are those that it may name. A call is told with its output, and
    left out without one. Raises InvalidField or RefusedEvent."""
    if not isinstance(value, list):
        raise InvalidField(path, value, _ARRAY)
    if len(value) > MOST_INPUT:
        raise InvalidField(path, f"{len(value)} items", _ARRAY)
    calls: dict[str, Item] = {}
    messages: list[GivenMessage] = []
    for index, one in enumerate(value):
        where = f"{path}[{index}]"
        known = _item(one, where, items, media)
        item = known.item
        match item.type:
            case "message":
                messages.append(_message(known, where))
            case "function_call":
                calls[str(item.call_id)] = item
            case _:
                messages.append(_output(item, calls.get(str(item.call_id)) or items.call(str(item.call_id)), where))
    return tuple(messages)


def _item(value: object, path: str, items: ConversationItems, media: InlineMedia) -> KnownItem:
    """The item, with the id of its message if it is one of the conversation."""
    if not isinstance(value, Mapping) or value.get("type") != "item_reference":
        read = read_item(value, path, "item", media)
        return KnownItem(read.item, is_shown=False, files=read.files)
    named: Any = value.get("id")
    if named is None:
        raise missing(f"{path}.id", _REFERENCE)
    known = items.get(named) if isinstance(named, str) else None
    if known is None:
        raise InvalidField(f"{path}.id", named, _REFERENCE)
    return known


def _message(known: KnownItem, path: str) -> GivenMessage:
    item = known.item
    content = written_content(item, known.files)
    check_content(content.text, content.content_type, f"{path}.content", may_be_empty=True)
    role = item.role if isinstance(item.role, str) else "system"
    return GivenMessage(role=role, content=content.text, content_type=content.content_type, message_id=known.message_id)


def _output(item: Item, call: Item | None, path: str) -> GivenMessage:
    if call is None:
        raise InvalidField(f"{path}.call_id", item.call_id, "the call_id of a function_call before it")
    return GivenMessage(role="system", content=tool_output(call, str(item.output)))
