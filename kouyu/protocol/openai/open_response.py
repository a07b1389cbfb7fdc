"""The response in progress: builds its events, from ``response.created`` to ``response.done``."""

import unicodedata
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from kouyu.domain.chats import Usage
from kouyu.domain.ids import NO_ID
from kouyu.domain.tool_calls import ToolCall
from kouyu.protocol.openai import response_events as parts
from kouyu.protocol.openai import server_events as events
from kouyu.protocol.openai.conversation_items import ConversationItems
from kouyu.protocol.openai.items import Item, ItemStatus, Part, answer, function_call
from kouyu.protocol.openai.response_events import ResponseObject, ResponseStatus, StatusDetails
from kouyu.protocol.openai.response_options import ResponseOptions
from kouyu.protocol.openai.server_events import ServerEvent

ANSWER_FAILED: Final = "the answer failed"
"""The message of a response that failed for no known reason."""
NewId = Callable[[str], str]
"""Makes a new id that begins with the given prefix."""
CancelReason = Literal["turn_detected", "client_cancelled"]


@dataclass(slots=True)
class _Message:
    """The message item that is being written. ``text`` is what of it was sent."""

    item_id: str
    message_id: str
    output_index: int
    text: str = ""
    audio_is_done: bool = False


class OpenResponse:
    """One response. An answer has one message item in it, and an item for each call of the client's functions."""

    def __init__(
        self,
        *,
        options: ResponseOptions,
        output: dict[str, Any],
        chat_id: str,
        items: ConversationItems,
        new_id: NewId,
    ) -> None:
        """``output`` describes format and voice of the session. ``chat_id`` NO_ID: the response is an announcement.
        ``items``: where its own are added."""
        self._options = options
        self._output_audio = output | options.own_output
        self.chat_id = chat_id
        self._items = items
        self._new_id = new_id
        self.id = new_id("resp")
        self._message: _Message | None = None
        self._output: dict[int, Item] = {}
        self._indexes = 0

    @property
    def is_spoken(self) -> bool:
        """Whether its answer has audio; otherwise it has text."""
        return self._options.output_modalities == ("audio",)

    @property
    def is_apart(self) -> bool:
        """Whether it is no part of the conversation."""
        return self._options.is_apart

    @property
    def speaks(self) -> bool:
        """Whether it has a spoken message of which more audio may come."""
        return self.is_spoken and self._message is not None and not self._message.audio_is_done

    def begin(self) -> Iterator[ServerEvent]:
        """Announce it."""
        yield parts.ResponseCreated(response=self._object("in_progress"))
        yield events.RateLimitsUpdated()

    # The message

    def write(self, message_id: str, text: str, offset_ms: float = 0.0) -> Iterator[ServerEvent]:
        """Add characters to its message. ``offset_ms``: the audio of this message in earlier responses."""
        message = yield from self._opened(message_id, offset_ms)
        message.text += text
        kind = parts.TranscriptDelta if self.is_spoken else parts.TextDelta
        yield kind(response_id=self.id, item_id=message.item_id, output_index=message.output_index, delta=text)

    def write_sentence(self, text: str) -> Iterator[ServerEvent]:
        """Add a sentence to its message, which is an announcement."""
        before = self._message.text if self._message is not None else ""
        yield from self.write(NO_ID, _separator(before, text) + text)

    def speak(self, message_id: str, audio: bytes, offset_ms: float = 0.0) -> Iterator[ServerEvent]:
        """Add audio to its message."""
        if not self.is_spoken:
            return
        message = yield from self._opened(message_id, offset_ms)
        yield parts.AudioDelta(
            response_id=self.id, item_id=message.item_id, output_index=message.output_index, delta=audio
        )

    def end_audio(self) -> Iterator[ServerEvent]:
        """Note that no more audio of its message comes."""
        message = self._message
        if message is not None and self.is_spoken and not message.audio_is_done:
            message.audio_is_done = True
            yield parts.AudioDone(response_id=self.id, item_id=message.item_id, output_index=message.output_index)

    def _opened(self, message_id: str, offset_ms: float) -> Generator[ServerEvent, None, _Message]:
        if self._message is None:
            message = _Message(self._new_id("item"), message_id, self._next_index())
            self._message = message
            item = answer(message.item_id, "in_progress")
            before = self._items.append(item, message_id, offset_ms)
            yield parts.OutputItemAdded(response_id=self.id, output_index=message.output_index, item=item)
            if not self.is_apart:
                yield events.ItemAdded(previous_item_id=before, item=item)
            yield parts.PartAdded(
                response_id=self.id,
                item_id=message.item_id,
                output_index=message.output_index,
                part=self._part(""),
            )
        return self._message

    def end_message(self) -> Iterator[ServerEvent]:
        """Note that its message is complete, with all its audio."""
        yield from self._close_message("completed")

    def _close_message(self, status: ItemStatus) -> Iterator[ServerEvent]:
        message = self._message
        if message is None:
            return
        yield from self.end_audio()
        self._message = None
        place: dict[str, Any] = {
            "response_id": self.id,
            "item_id": message.item_id,
            "output_index": message.output_index,
        }
        if self.is_spoken:
            yield parts.TranscriptDone(transcript=message.text, **place)
        else:
            yield parts.TextDone(text=message.text, **place)
        yield parts.PartDone(part=self._part(message.text), **place)
        part = (
            Part(type="output_audio", transcript=message.text)
            if self.is_spoken
            else Part(type="output_text", text=message.text)
        )
        yield from self._finish(answer(message.item_id, status, part), message.output_index)

    def _part(self, text: str) -> parts.ResponsePart:
        if self.is_spoken:
            return parts.ResponsePart(type="audio", transcript=text)
        return parts.ResponsePart(type="text", text=text)

    # Calls

    def call(self, call: ToolCall, message_id: str = NO_ID) -> Iterator[ServerEvent]:
        """Add a call of one of the client's functions. The message's text is complete; its audio may still follow."""
        name, arguments = call.function.name, call.function.arguments
        begun = function_call(self._new_id("item"), "in_progress", call_id=call.id, name=name, arguments="")
        index = self._next_index()
        before = self._items.append(begun, message_id)
        place: dict[str, Any] = {"response_id": self.id, "item_id": begun.id, "output_index": index, "call_id": call.id}
        yield parts.OutputItemAdded(response_id=self.id, output_index=index, item=begun)
        if not self.is_apart:
            yield events.ItemAdded(previous_item_id=before, item=begun)
        yield parts.ArgumentsDelta(delta=arguments, **place)
        yield parts.ArgumentsDone(name=name, arguments=arguments, **place)
        made = function_call(begun.id, "completed", call_id=call.id, name=name, arguments=arguments)
        yield from self._finish(made, index)

    # The end

    def complete(self, usage: Usage, *, is_cut: bool = False) -> Iterator[ServerEvent]:
        """End it; ``is_cut``: at the limit of its tokens or of its length."""
        yield from self._close_message("incomplete" if is_cut else "completed")
        details = StatusDetails(type="incomplete", reason="max_output_tokens") if is_cut else None
        yield self._done("incomplete" if is_cut else "completed", details, usage)

    def cancel(self, reason: CancelReason) -> Iterator[ServerEvent]:
        """End it as interrupted."""
        yield from self._close_message("incomplete")
        yield self._done("cancelled", StatusDetails(type="cancelled", reason=reason))

    def fail(self, message: str, usage: Usage) -> Iterator[ServerEvent]:
        """End it as failed."""
        yield from self._close_message("incomplete")
        details = StatusDetails(type="failed", error=parts.StatusError(message=message))
        yield self._done("failed", details, usage)

    def _finish(self, item: Item, output_index: int) -> Iterator[ServerEvent]:
        self._output[output_index] = item
        self._items.change(item)
        yield parts.OutputItemDone(response_id=self.id, output_index=output_index, item=item)
        if not self.is_apart:
            yield events.ItemDone(previous_item_id=self._items.before(item.id), item=item)

    def _next_index(self) -> int:
        index, self._indexes = self._indexes, self._indexes + 1
        return index

    def _done(self, status: ResponseStatus, details: StatusDetails | None, usage: Usage | None = None) -> ServerEvent:
        return parts.ResponseDone(response=self._object(status, details, usage))

    def _object(
        self, status: ResponseStatus, details: StatusDetails | None = None, usage: Usage | None = None
    ) -> ResponseObject:
        return ResponseObject(
            id=self.id,
            status=status,
            status_details=details,
            output=tuple(item for _, item in sorted(self._output.items())),
            conversation_id=None if self.is_apart else self._items.conversation_id,
            output_modalities=self._options.output_modalities,
            max_output_tokens=self._options.max_output_tokens,
            audio={"output": self._output_audio},
            usage=_usage(usage) if usage is not None and usage.token_count else None,
            metadata=self._options.metadata,
        )


def _usage(usage: Usage) -> parts.ResponseUsage:
    return parts.ResponseUsage(
        total_tokens=usage.token_count,
        input_tokens=usage.input_count,
        output_tokens=usage.output_count,
        input_token_details=parts.InputTokenDetails(text_tokens=usage.input_count),
        output_token_details=parts.TokenDetails(text_tokens=usage.output_count),
    )


def _separator(before: str, after: str) -> str:
    """A space, unless one of the sentences is in a script without spaces."""
    is_wide = any(unicodedata.east_asian_width(edge) in "WF" for edge in before[-1:] + after[:1])
    return " " if before and after and not is_wide else ""
