"""What a client does with the items of the conversation: it adds, retrieves, truncates and deletes them."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

import msgspec

from kouyu.domain import events as core
from kouyu.domain.content import check_content
from kouyu.domain.errors import InvalidField
from kouyu.domain.ids import NO_ID
from kouyu.domain.pictures import picture_type
from kouyu.domain.requests import RemoveMessage, ReportPlayback, WriteMessage
from kouyu.protocol.openai import server_events as events
from kouyu.protocol.openai.audio_formats import AudioFormat
from kouyu.protocol.openai.client_events import CreateItem, DeleteItem, RetrieveItem, TruncateItem
from kouyu.protocol.openai.conversation_items import ROOT, ConversationItems, KnownItem
from kouyu.protocol.openai.faults import RefusedEvent
from kouyu.protocol.openai.inline_media import InlineMedia
from kouyu.protocol.openai.items import Item, WrittenContent, read_item, shown_item, tool_output, written_content
from kouyu.protocol.openai.open_response import NewId
from kouyu.protocol.openai.reads import Read
from kouyu.protocol.openai.responses import Responses
from kouyu.protocol.openai.server_events import ServerEvent
from kouyu.protocol.wire import Loaded, Prepared, StoredPicture


class ItemRequests:
    """Makes requests of the core for the client's events about items, and their acknowledgements."""

    def __init__(
        self, items: ConversationItems, responses: Responses, *, new_id: NewId, new_origin: Callable[[], str]
    ) -> None:
        self._items = items
        self._responses = responses
        self._new_id = new_id
        self._new_origin = new_origin
        self.audio_format: AudioFormat = "audio/pcm"
        """Of the session's input."""
        self._unsaved: dict[str, Item] = {}
        """The items whose messages are not saved yet, as they will be shown, by the origin of the request for that."""
        self._acknowledgements: dict[str, ServerEvent] = {}
        """What to send once the core has carried out a request, by its origin."""

    # What the client asks for. All raise ProtocolError.

    def create(self, event: CreateItem, prepared: Sequence[Prepared] | None = None) -> Read:
        """Add an item, under the client's own id if it names one. ``prepared`` is what has become of the media in it,
        if it has any."""
        media = InlineMedia(self.audio_format, prepared)
        read = read_item(event.item, "item", self._new_id("item"), media)
        item = read.item
        if item.id == ROOT:
            raise InvalidField("item.id", item.id, f"another id: {ROOT} names the place in front of the first item")
        if item.id in self._items:
            msg = f"item.id: there is an item {item.id[:100]!r} already; allowed: a new id, or none"
            raise RefusedEvent("item_create_duplicate_item_id", msg, "item.id")
        place = self._items.place(event.previous_item_id)
        match item.type:
            case "message":
                content = written_content(item, read.files)
                check_content(content.text, content.content_type, "item.content", may_be_empty=True)
                if media.found:
                    return Read(media=tuple(media.found), then=partial(self.create, event))
                return self._write(item, place, content, read.files, shown_item(read, event.item))
            case "function_call":
                self._items.insert(item, place)
                return Read(tuple(self._added(item)))
            case _:
                return self._take_output(item, place)

    def retrieve(self, event: RetrieveItem) -> Read:
        """Answer with the item, and the pictures in it."""
        known = self._items.get(event.item_id)
        if known is None:
            raise _no_item("retrieve", event.item_id)
        pictures = tuple(map(StoredPicture, known.files.values()))
        if not pictures:
            return Read((events.ItemRetrieved(item=known.item),))
        return Read(media=pictures, then=partial(_retrieved, known))

    def truncate(self, event: TruncateItem) -> Read:
        """Report how much of an answer was heard. An item that is gone, or has no audio, is acknowledged too: the event
        may be late, and an error would end the call of some clients."""
        known = self._items.get(event.item_id)
        message_id = known.message_id if known is not None and known.item.role == "assistant" else NO_ID
        truncated = events.ItemTruncated(item_id=event.item_id, content_index=0, audio_end_ms=event.audio_end_ms)
        if known is None or message_id == NO_ID:
            return Read((truncated,))
        played_ms = round(known.offset_ms) + event.audio_end_ms
        return Read(requests=(ReportPlayback(message_id, played_ms, self._acknowledged_by(truncated)),))

    def delete(self, event: DeleteItem) -> Read:
        """Remove an item, and its message from the context if no other item stands for it. An item whose message is
        not saved yet is refused: the message would come into the context all the same."""
        if event.item_id not in self._items:
            raise _no_item("delete", event.item_id)
        if any(item.id == event.item_id for item in self._unsaved.values()):
            msg = f"item_id: the item {event.item_id[:100]!r} is not saved yet; delete it once it is acknowledged"
            raise RefusedEvent("item_delete_invalid_item_id", msg, "item_id")
        message_id = self._items.remove(event.item_id)
        deleted = events.ItemDeleted(item_id=event.item_id)
        if message_id is None:
            return Read((deleted,))
        return Read(requests=(RemoveMessage(message_id, self._acknowledged_by(deleted)),))

    # What the core answers. It refuses none of these requests.

    def on_written(self, event: core.MessageWritten) -> Iterator[ServerEvent]:
        """A message was saved: its item is acknowledged."""
        if (item := self._unsaved.pop(event.origin or "", None)) is not None:
            self._items.stands_for(item.id, event.message.id)
            yield from self._added(item)

    def on_carried_out(self, event: core.MessageRemoved | core.AnswerCut) -> Iterator[ServerEvent]:
        """A message was removed, or the heard part of an answer was noted."""
        if (acknowledgement := self._acknowledgements.pop(event.origin or "", None)) is not None:
            yield acknowledgement

    # Parts

    def _take_output(self, item: Item, place: str) -> Read:
        call_id, output = str(item.call_id), str(item.output)
        call = self._items.call(call_id)
        if call is None:
            msg = f"item.call_id: there is no call {call_id[:100]!r}; allowed: the call_id of a function_call"
            raise RefusedEvent("invalid_value", msg, "item.call_id")
        taken = self._responses.take_output(call_id, output, self._new_origin())
        if taken is None:
            return self._write(item, place, WrittenContent(tool_output(call, output), "text"), {}, item)
        self._items.insert(item, place)
        return Read((*self._added(item), *taken.replies), taken.requests)

    def _write(self, item: Item, place: str, content: WrittenContent, files: Mapping[int, str], shown: Item) -> Read:
        self._items.insert(item, place, files=files)
        if not content.text.strip():
            return Read(tuple(self._added(item)))
        origin = self._new_origin()
        self._unsaved[origin] = shown
        write = WriteMessage(
            role=item.role if isinstance(item.role, str) else "system",
            content=content.text,
            content_type=content.content_type,
            answer=False,
            after=self._items.message_before(item.id),
            origin=origin,
        )
        return Read(requests=(write,))

    def _acknowledged_by(self, acknowledgement: ServerEvent) -> str:
        """The origin of a request after which ``acknowledgement`` is sent."""
        origin = self._new_origin()
        self._acknowledgements[origin] = acknowledgement
        return origin

    def _added(self, item: Item) -> Iterator[ServerEvent]:
        before = self._items.show(item.id)
        yield events.ItemAdded(previous_item_id=before, item=item)
        yield events.ItemDone(previous_item_id=before, item=item)


def _retrieved(known: KnownItem, prepared: Sequence[Prepared]) -> Read:
    """The item with its pictures as data URIs, as far as they are still there."""
    parts = list(known.item.parts)
    for index, loaded in zip(known.files, prepared, strict=True):
        if isinstance(loaded, Loaded) and (kind := picture_type(loaded.content)):
            uri = f"data:{kind};base64,{base64.b64encode(loaded.content).decode()}"
            parts[index] = msgspec.structs.replace(parts[index], image_url=uri)
    return Read((events.ItemRetrieved(item=msgspec.structs.replace(known.item, content=tuple(parts))),))


def _no_item(verb: Literal["retrieve", "delete"], item_id: str) -> RefusedEvent:
    msg = f"item_id: there is no item {item_id[:100]!r}; allowed: the id of an item of this session"
    return RefusedEvent(f"item_{verb}_invalid_item_id", msg, "item_id")
