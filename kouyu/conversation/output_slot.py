"""The speaking side: what is being said, and how it is interrupted."""

from collections.abc import Iterator
from typing import Final, Literal

from kouyu.conversation.announcement import Announcement
from kouyu.conversation.effects import Effect, FlushPlayback, Send
from kouyu.conversation.pacing import Pacer, limit_of
from kouyu.conversation.playout import PlayoutClock
from kouyu.conversation.reply import Reply
from kouyu.conversation.spoken_item import Outlet
from kouyu.protocol.configuration import OutputAudio
from kouyu.protocol.downlink import Cancellation, DownlinkEvent

CancelCode = Literal[1, 2, 3]
"""Why output was interrupted (downlink.md 4)."""

_REASONS: Final[dict[CancelCode, str]] = {
    1: "interrupted by the user's speech",
    2: "canceled by the client",
    3: "interrupted by submitted content",
}


ITEMS_AT_ONCE: Final = 2
"""Items whose sound is made at the same time: the one in the slot, and one that is prepared meanwhile."""


def canceled(code: CancelCode) -> Iterator[Effect]:
    """Tell the client to throw away what it has not played."""
    yield FlushPlayback()
    yield Send(DownlinkEvent("conversation.chat.canceled", Cancellation(code, _REASONS[code])))


class OutputSlot:
    """The one thing the agent is saying, if any.

    An item stays here after its end until its audio has sounded on the client's side, because only an interruption
    before that cuts something off.
    """

    def __init__(self) -> None:
        self._item: Reply | Announcement | None = None
        self._outlet = Outlet(Pacer(None), PlayoutClock())

    def follow_subscriptions(self, subscribed: tuple[str, ...]) -> None:
        """The client takes these events from now on; none means all."""
        self._outlet.sends_sound = not subscribed or "conversation.audio.delta" in subscribed

    def begin(self, item: Reply | Announcement, output_audio: OutputAudio) -> None:
        """From now on ``item`` is what is said. Whatever was said before must have been interrupted or have ended."""
        self._outlet.pacer.limit = limit_of(output_audio)
        self._item = item

    def packet_gone(self, number: int, left_at: float | None) -> None:
        """A packet that counts for the pacing has left, or with None was thrown away on its way."""
        self._outlet.pacer.gone(number, left_at)

    def running(self) -> bool:
        """Something is being prepared or sent."""
        return self._item is not None and not self._item.ended

    def audible(self, now: float) -> bool:
        """An interruption now would cut something off."""
        return self.running() or self._outlet.clock.remaining_ms(now) > 0

    def says(self, item: Reply | Announcement | None) -> bool:
        """Whether ``item`` is what is being said, or was said last."""
        return item is not None and self._item is item

    def interrupt(self, code: CancelCode, now: float) -> Iterator[Effect]:
        """Cut off what is being said or still sounds; nothing happens in silence."""
        if not self.audible(now):
            return
        if self._item is not None:
            yield from self._item.cancel(now, self._outlet, by_content=code == 3)
            self._item = None
        self._outlet.clock.flushed(now)
        yield from canceled(code)

    def reply(self) -> Reply | None:
        """The chat that is running, if one is."""
        return self._item if isinstance(self._item, Reply) and not self._item.ended else None

    def on_speech(self, order: int, packet: bytes, duration_ms: float, now: float) -> None:
        """A packet of speech."""
        if self._item is not None:
            self._item.on_speech(order, packet, duration_ms, now)

    def on_speech_done(self, order: int, failure: str | None = None) -> None:
        """A sentence has been synthesised, or has failed."""
        if self._item is not None:
            self._item.on_speech_done(order, failure)

    def advance(self, now: float, *others: Reply) -> Iterator[Effect]:
        """Move on what is being said, and the speech of replies that are only prepared."""
        for reply in others:
            yield from reply.advance(now, self._outlet)
        if self._item is not None and not self._item.ended:
            yield from self._item.advance(now, self._outlet)

    def deadlines(self, now: float, *others: Reply) -> Iterator[float | None]:
        """When time alone moves something on."""
        for item in (self._item, *others):
            if item is not None and not item.ended:
                yield item.deadline(now, self._outlet)
