"""The output slot: the one item that the agent is saying, and its interruption."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from kouyu.conversation.announcement import Announcement
from kouyu.conversation.effects import Effect, FlushPlayback, Send
from kouyu.conversation.inputs import SpeechReport
from kouyu.conversation.pacing import Pacer, limit_of
from kouyu.conversation.playout import PlayoutClock
from kouyu.conversation.reply import Reply
from kouyu.conversation.spoken_item import Outlet
from kouyu.domain.configuration import OutputAudio
from kouyu.domain.events import InterruptionReason, OutputInterrupted
from kouyu.domain.options import SessionOptions

_ANSWERS_REMEMBERED: Final = 16
"""Answers of which a client may still report what it has played."""


def interrupted(reason: InterruptionReason) -> Iterator[Effect]:
    """Send OutputInterrupted, at which the client flushes its playback, and drop audio not sent yet."""
    yield FlushPlayback()
    yield Send(OutputInterrupted(reason))


class OutputSlot:
    """Holds the item that the agent is saying, if any.

    An item stays here after its end until the client has played its audio, since an interruption before that still
    cuts something off.
    """

    def __init__(self) -> None:
        self._item: Reply | Announcement | None = None
        self.is_spoken = True
        """Whether what begins now is spoken, if nothing else is asked for."""
        self._outlet = Outlet(Pacer(None), PlayoutClock())
        self._answers: deque[Reply] = deque(maxlen=_ANSWERS_REMEMBERED)

    def follow_options(self, options: SessionOptions) -> None:
        """Set whether the client takes audio, and whether what begins from now on is spoken."""
        self._outlet.sends_sound = options.takes_audio
        self.is_spoken = options.is_spoken

    def begin(self, item: Reply | Announcement, output_audio: OutputAudio) -> None:
        """Put ``item`` into the slot. The item before must have been interrupted or have ended."""
        self._outlet.pacer.limit = limit_of(output_audio)
        self._item = item
        if isinstance(item, Reply):
            self._answers.append(item)

    def packet_gone(self, number: int, left_at: float | None) -> None:
        """Take in when a paced packet left; None: it was dropped before."""
        self._outlet.pacer.gone(number, left_at)

    def running(self) -> bool:
        """Whether an item is being prepared or sent."""
        return self._item is not None and not self._item.ended

    def audible(self, now: float) -> bool:
        """Whether an interruption now would cut off an item: it is running, or its audio is still being played."""
        return self.running() or self._outlet.clock.remaining_ms(now) > 0

    def says(self, item: Reply | Announcement | None) -> bool:
        """Whether ``item`` is in the slot, running or ended."""
        return item is not None and self._item is item

    def interrupt(self, reason: InterruptionReason, now: float) -> Iterator[Effect]:
        """Cut off the item that is running or still played; does nothing if there is none."""
        if not self.audible(now):
            return
        assert self._item is not None, "only an item makes sound"
        yield from self._item.cancel(now, self._outlet, by_content=reason == "content")
        self._item = None
        self._outlet.clock.flushed(now)
        yield from interrupted(reason)

    def on_playback(self, message_id: str, played_ms: float, now: float) -> Iterator[Effect]:
        """Take in that the client has played so much of the answer with this id, and dropped the rest: what is still
        believed to be played of it is not. Nothing follows for an answer of long ago."""
        answer = next((each for each in self._answers if each.answer_id == message_id), None)
        if answer is None:
            return
        yield from answer.on_playback(played_ms)
        if self._item is answer and answer.ended:
            self._item = None
            self._outlet.clock.flushed(now)
            yield FlushPlayback()

    def hold_place(self, now: float) -> Iterator[Effect]:
        """Save the beginning of the running answer, because a message that follows it is saved."""
        if (reply := self.reply()) is not None:
            yield from reply.hold_place(now)

    @property
    def silent_since(self) -> float | None:
        """When the last answer was played to its end, or will be; None while an item runs, and if the last one was cut
        off, was no answer or had no audio."""
        item = self._item
        return self._outlet.clock.ends_at if isinstance(item, Reply) and item.ended and item.has_sounded else None

    def reply(self) -> Reply | None:
        """The running chat, if there is one."""
        return self._item if isinstance(self._item, Reply) and not self._item.ended else None

    def on_speech(self, report: SpeechReport, now: float) -> None:
        """Take in a report of the synthesis of the item."""
        if self._item is not None:
            self._item.on_speech(report, now)

    def advance(self, now: float, *others: Reply) -> Iterator[Effect]:
        """Advance the item in the slot, and the synthesis of prepared replies."""
        for reply in others:
            yield from reply.advance(now, self._outlet)
        if self._item is not None and not self._item.ended:
            yield from self._item.advance(now, self._outlet)

    def deadlines(self, now: float, *others: Reply) -> Iterator[float | None]:
        """Times at which ``advance`` must be called if no event comes before."""
        for item in (self._item, *others):
            if item is not None and not item.ended:
                yield item.deadline(now, self._outlet)
