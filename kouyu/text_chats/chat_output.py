"""The way out of a chat in writing: first to disk, then to the client."""

from collections.abc import Iterable
from typing import Final

from kouyu.conversation.effects import Effect, SaveChat, SaveMessage, SaveSection, Send, TrimMessage
from kouyu.protocol.downlink import Chat, ChatStatus, DownlinkEvent
from kouyu.serving.recorder import Recorder
from kouyu.text_chats.event_stream import EventStream

_ENDS: Final[tuple[ChatStatus, ...]] = ("completed", "failed", "canceled")


class ChatOutput:
    """Carries out the effects of one chat. Without a stream nobody listens, and what is on disk has to do."""

    def __init__(self, recorder: Recorder, stream: EventStream | None) -> None:
        self._recorder = recorder
        self.stream = stream
        self.chat: Chat | None = None
        """As it was kept or told last."""
        self.is_settled = False
        """Its end is on disk or on its way there, or needs not be kept: nobody can change it any more."""

    def save(self, message: SaveMessage) -> None:
        """Keep a message; it is on disk before anything is told after this."""
        self._recorder.save(message)

    async def carry_out(self, effects: Iterable[Effect]) -> None:
        """Save what is to be saved, then tell the client. Raises StoreError, ClientGone."""
        told: list[DownlinkEvent] = []
        states: list[Chat] = []
        for effect in effects:
            match effect:
                case Send(event):
                    told.append(event)
                    states += [event.data] if isinstance(event.data, Chat) else []
                case SaveChat(chat):
                    states.append(chat)
                    self._recorder.save(effect)
                case SaveMessage() | SaveSection() | TrimMessage():
                    self._recorder.save(effect)
        # Before the wait: who sees the end in the store must not be able to cancel it.
        self.is_settled = self.is_settled or any(state.status in _ENDS for state in states)
        await self._recorder.written(self._recorder.ticket)
        self.chat = states[-1] if states else self.chat
        for event in told:
            await self.tell(event)

    async def tell(self, event: DownlinkEvent) -> None:
        """Tell the client, if one listens. Raises ClientGone."""
        if self.stream is not None:
            await self.stream.put(event)

    def end_stream(self) -> None:
        """The client hears no more of this request of its."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None
