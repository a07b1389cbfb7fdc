"""What a client does with the items of the conversation: it adds, retrieves, truncates and deletes them."""

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from kouyu.domain import events as core
from kouyu.domain.content import check_content
from kouyu.domain.errors import InvalidField
from kouyu.domain.ids import NO_ID
from kouyu.domain.requests import RemoveMessage, ReportPlayback, WriteMessage
from kouyu.protocol.openai import server_events as events
from kouyu.protocol.openai.client_events import CreateItem, DeleteItem, RetrieveItem, TruncateItem
from kouyu.protocol.openai.conversation_items import ROOT, ConversationItems
from kouyu.protocol.openai.faults import RefusedEvent, refusal
from kouyu.protocol.openai.items import Item, WrittenContent, read_item, tool_output, written_content
from kouyu.protocol.openai.open_response import NewId
from kouyu.protocol.openai.responses import Read, Responses
from kouyu.protocol.openai.server_events import ServerEvent


class _Pending(msgspec.Struct, frozen=True):
    """A request that the core has not answered yet."""

    kind: Literal["create", "truncate", "delete"]
    item_id: str
    event_id: str | None
    played_ms: int = 0


class ItemRequests:
    """Makes requests of the core for the client's events about items, and their acknowledgements."""

    def __init__(
        self, items: ConversationItems, responses: Responses, *, new_id: NewId, new_origin: Callable[[], str]
    ) -> None:
        self._items = items
        self._responses = responses
        self._new_id = new_id
        self._new_origin = new_origin
        self._pending: dict[str, _Pending] = {}

    # What the client asks for. All raise ProtocolError.

    def create(self, event: CreateItem) -> Read:
        """Add an item, under the client's own id if it names one."""
        item = read_item(event.item, "item", self._new_id("item"))
        if item.id == ROOT:
            raise InvalidField("item.id", item.id, f"another id: {ROOT} names the place in front of the first item")
        if item.id in self._items:
            msg = f"item.id: there is an item {item.id[:100]!r} already; allowed: a new id, or none"
            raise RefusedEvent("item_create_duplicate_item_id", msg, "item.id")
        place = self._items.place(event.previous_item_id)
        match item.type:
            case "message":
                content = written_content(item)
                check_content(content.text, content.content_type, "item.content", may_be_empty=True)
                return self._write(item, place, content, event.event_id)
            case "function_call":
                self._items.insert(item, place)
                return Read(tuple(self._added(item.id)))
            case _:
                return self._take_output(item, place, event.event_id)

    def retrieve(self, event: RetrieveItem) -> Read:
        """Answer with the item."""
        known = self._items.get(event.item_id)
        if known is None:
            raise _no_item("retrieve", event.item_id)
        return Read((events.ItemRetrieved(item=known.item),))

    def truncate(self, event: TruncateItem) -> Read:
        """Report how much of an answer was heard. An item that is gone, or has no audio, is acknowledged too: the event
        may be late, and an error would end the call of some clients."""
        known = self._items.get(event.item_id)
        message_id = known.message_id if known is not None and known.item.role == "assistant" else NO_ID
        pending = _Pending("truncate", event.item_id, event.event_id, event.audio_end_ms)
        if known is None or message_id == NO_ID:
            return Read((_truncated(pending),))
        played_ms = round(known.offset_ms) + event.audio_end_ms
        return Read(requests=(ReportPlayback(message_id, played_ms, self._wait(pending)),))

    def delete(self, event: DeleteItem) -> Read:
        """Remove an item, and its message from the context if no other item stands for it."""
        if event.item_id not in self._items:
            raise _no_item("delete", event.item_id)
        message_id = self._items.remove(event.item_id)
        if message_id is None:
            return Read((events.ItemDeleted(item_id=event.item_id),))
        origin = self._wait(_Pending("delete", event.item_id, event.event_id))
        return Read(requests=(RemoveMessage(message_id, origin),))

    # What the core answers

    def on_written(self, event: core.MessageWritten) -> Iterator[ServerEvent]:
        """A message was saved: its item is acknowledged."""
        if (pending := self._pending.pop(event.origin or "", None)) is not None:
            self._items.stands_for(pending.item_id, event.message.id)
            yield from self._added(pending.item_id)

    def on_removed(self, event: core.MessageRemoved) -> Iterator[ServerEvent]:
        """A message was removed."""
        if (pending := self._pending.pop(event.origin or "", None)) is not None:
            yield events.ItemDeleted(item_id=pending.item_id)

    def on_cut(self, event: core.AnswerCut) -> Iterator[ServerEvent]:
        """The heard part of an answer was noted."""
        if (pending := self._pending.pop(event.origin or "", None)) is not None:
            yield _truncated(pending)

    def on_refused(self, event: core.RequestRefused) -> Iterator[ServerEvent] | None:
        """What to send for a request that was refused; None if it is not one of these."""
        pending = self._pending.pop(event.origin or "", None)
        return None if pending is None else self._refused(pending, event)

    # Parts

    def _refused(self, pending: _Pending, event: core.RequestRefused) -> Iterator[ServerEvent]:
        match pending.kind:
            case "truncate":
                yield _truncated(pending)
            case "delete":
                yield events.ItemDeleted(item_id=pending.item_id)
            case "create":
                if pending.item_id in self._items:
                    self._items.remove(pending.item_id)
                yield events.error(refusal(event.code, event.msg, event.field, pending.event_id))

    def _take_output(self, item: Item, place: str, event_id: str | None) -> Read:
        call_id, output = str(item.call_id), str(item.output)
        call = self._items.call(call_id)
        if call is None:
            msg = f"item.call_id: there is no call {call_id[:100]!r}; allowed: the call_id of a function_call"
            raise RefusedEvent("invalid_value", msg, "item.call_id")
        taken = self._responses.take_output(call_id, output, self._new_origin())
        if taken is None:
            return self._write(item, place, WrittenContent(tool_output(call, output), "text"), event_id)
        self._items.insert(item, place)
        return Read((*self._added(item.id), *taken.replies), taken.requests)

    def _write(self, item: Item, place: str, content: WrittenContent, event_id: str | None) -> Read:
        self._items.insert(item, place)
        if not content.text.strip():
            return Read(tuple(self._added(item.id)))
        write = WriteMessage(
            role=item.role if isinstance(item.role, str) else "system",
            content=content.text,
            content_type=content.content_type,
            answer=False,
            after=self._items.message_before(item.id),
            origin=self._wait(_Pending("create", item.id, event_id)),
        )
        return Read(requests=(write,))

    def _wait(self, pending: _Pending) -> str:
        origin = self._new_origin()
        self._pending[origin] = pending
        return origin

    def _added(self, item_id: str) -> Iterator[ServerEvent]:
        known = self._items.get(item_id)
        if known is not None:
            before = self._items.before(item_id)
            yield events.ItemAdded(previous_item_id=before, item=known.item)
            yield events.ItemDone(previous_item_id=before, item=known.item)


def _truncated(pending: _Pending) -> ServerEvent:
    return events.ItemTruncated(item_id=pending.item_id, content_index=0, audio_end_ms=pending.played_ms)


def _no_item(verb: Literal["retrieve", "delete"], item_id: str) -> RefusedEvent:
    msg = f"item_id: there is no item {item_id[:100]!r}; allowed: the id of an item of this session"
    return RefusedEvent(f"item_{verb}_invalid_item_id", msg, "item_id")
