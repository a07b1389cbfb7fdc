"""Speech that belongs to no chat: the prologue, and texts of Announce (downlink.md 3.4, 3.5)."""

from collections.abc import Iterator

from kouyu.conversation.effects import Effect
from kouyu.conversation.heard import heard_text
from kouyu.conversation.inputs import SpeechReport
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.spoken_item import Outlet, Speech
from kouyu.domain.configuration import Configuration
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import Message


class Announcement:
    """A text that is spoken unchanged. It causes audio events only, whose ids are all "0"."""

    def __init__(
        self, text: str, *, configuration: Configuration, orders: OrderNumbers, limits: Limits, is_spoken: bool
    ) -> None:
        """``is_spoken``: whether it is spoken, for a client that takes audio; otherwise it is sent as text alone."""
        envelope = Message(
            id=NO_ID,
            conversation_id=NO_ID,
            bot_id=NO_ID,
            role="assistant",
            type="answer",
            content="",
            content_type="audio",
            chat_id=NO_ID,
            section_id=NO_ID,
        )
        self._speech = Speech(envelope=envelope, configuration=configuration, orders=orders, limits=limits)
        self._speech.write(text)
        self._speech.close()
        self._is_spoken = is_spoken
        self.heard = text
        """What is heard of the text: all of it, unless it is cut off."""

    @property
    def ended(self) -> bool:
        """Whether all of its audio has been sent."""
        return self._speech.finished

    def on_speech(self, report: SpeechReport, now: float) -> None:
        """Take in a report of its synthesis; a sentence that failed is left out."""
        self._speech.on_report(report, now)

    def advance(self, now: float, outlet: Outlet) -> Iterator[Effect]:
        """Order the next sentence and send what may be sent."""
        if not self._makes_sound(outlet):
            yield from self._speech.be_silent()
        yield from self._speech.on_time(now)
        yield from self._speech.release(now, outlet)
        yield from self._speech.order_next(now, outlet)

    def deadline(self, now: float, outlet: Outlet) -> float | None:
        """When ``advance`` must be called if no event comes before; None: never."""
        times = [self._speech.deadline(outlet), self._speech.paced_until(now, outlet)]
        return min((time for time in times if time is not None), default=None)

    def cancel(self, now: float, outlet: Outlet, *, by_content: bool) -> Iterator[Effect]:
        """Stop at an interruption, and limit ``heard`` as ``Reply.cancel`` does; no saved message needs trimming."""
        was_read = not self._makes_sound(outlet) or (by_content and self._speech.finished)
        if not was_read:
            heard_ms = max(0.0, self._speech.sent_ms - outlet.clock.remaining_ms(now))
            self.heard = heard_text(self.heard, self._speech.sentences, heard_ms)
        yield from self._speech.cancel()

    def _makes_sound(self, outlet: Outlet) -> bool:
        return outlet.sends_sound and self._is_spoken
