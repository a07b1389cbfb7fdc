"""Output of a text chat: saves messages first, then sends their events to the client."""

from collections.abc import Iterable
from typing import Final

from kouyu.conversation.effects import Effect, SaveChat, SaveMessage, SaveSection, Send, TrimMessage
from kouyu.domain.chats import Chat, ChatStatus
from kouyu.domain.events import ActionRequired, ChatBegan, ChatCompleted, ChatFailed, ChatInProgress, Event
from kouyu.serving.recorder import Recorder
from kouyu.text_chats.event_stream import EventStream

_OF_CHATS: Final = (ChatBegan, ChatInProgress, ActionRequired, ChatCompleted, ChatFailed)
_ENDS: Final[tuple[ChatStatus, ...]] = ("completed", "failed", "canceled")


class ChatOutput:
    """Carries out the effects of one chat. Without a stream they are saved only, for a client that polls."""

    def __init__(self, recorder: Recorder, stream: EventStream | None) -> None:
        self._recorder = recorder
        self.stream = stream
        self.chat: Chat | None = None
        """The chat as last saved or sent."""
        self.is_settled = False
        """The chat's end is saved or being saved, or need not be saved: it can no longer change."""

    def save(self, message: SaveMessage) -> None:
        """Save a message; it is on disk before any later event is sent."""
        self._recorder.save(message)

    async def carry_out(self, effects: Iterable[Effect]) -> None:
        """Save the records among the effects, then send the events. Raises StoreError, ClientGone."""
        told: list[Event] = []
        states: list[Chat] = []
        for effect in effects:
            match effect:
                case Send(event):
                    told.append(event)
                    states += [event.chat] if isinstance(event, _OF_CHATS) else []
                case SaveChat(chat):
                    states.append(chat)
                    self._recorder.save(effect)
                case SaveMessage() | SaveSection() | TrimMessage():
                    self._recorder.save(effect)
        # Before the wait: a client that finds the end in the store must not be able to cancel the chat.
        self.is_settled = self.is_settled or any(state.status in _ENDS for state in states)
        await self._recorder.written(self._recorder.ticket)
        self.chat = states[-1] if states else self.chat
        for event in told:
            await self.tell(event)

    async def tell(self, event: Event) -> None:
        """Send an event, if the client streams. Raises ClientGone."""
        if self.stream is not None:
            await self.stream.put(event)

    def end_stream(self) -> None:
        """End the stream of this request of the client."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None
