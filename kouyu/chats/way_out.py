"""The way out of a chat in writing: first to disk, then to the client."""

from collections.abc import Iterable

from kouyu.chats.event_stream import EventStream
from kouyu.conversation.effects import Effect, SaveChat, SaveMessage, SaveSection, Send, TrimMessage
from kouyu.protocol.downlink import Chat, DownlinkEvent
from kouyu.session.recorder import Recorder


class WayOut:
    """Carries out the effects of one chat. Without a stream nobody listens, and what is on disk has to do."""

    def __init__(self, recorder: Recorder, stream: EventStream | None) -> None:
        self._recorder = recorder
        self.stream = stream
        self.chat: Chat | None = None
        """As it was told last."""

    def save(self, message: SaveMessage) -> None:
        """Keep a message; it is on disk before anything is told after this."""
        self._recorder.save(message)

    async def carry_out(self, effects: Iterable[Effect]) -> None:
        """Save what is to be saved, then tell the client. Raises StoreError, ClientGone."""
        told: list[DownlinkEvent] = []
        for effect in effects:
            match effect:
                case Send(event):
                    told.append(event)
                case SaveMessage() | SaveChat() | SaveSection() | TrimMessage():
                    self._recorder.save(effect)
        await self._recorder.written(self._recorder.ticket)
        for event in told:
            if isinstance(event.data, Chat):
                self.chat = event.data
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
