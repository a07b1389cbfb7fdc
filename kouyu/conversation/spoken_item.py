"""Speaks a text sentence by sentence: orders each from the synthesizer and sends its packets to the client."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, assert_never

from kouyu.conversation.effects import CancelSpeech, Effect, Send, Sounding, Speak
from kouyu.conversation.inputs import SpeechAudio, SpeechFailed, SpeechFinished, SpeechReport
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.pacing import Pacer
from kouyu.conversation.pending_order import PendingOrder
from kouyu.conversation.playout import PlayoutClock
from kouyu.domain.configuration import Configuration
from kouyu.domain.events import SentenceBegan, SpeechCompleted, SpeechDelta, SpeechPaused
from kouyu.domain.messages import Message
from kouyu.text.sentences import SentenceSplitter

URGENT_UNTIL_MS: Final = 1000
"""Ms of an item's audio after which its synthesis is no longer urgent. The first clause may be as short as two
words."""


@dataclass(slots=True)
class SpokenSentence:
    """A sentence, and how much of its audio was made and sent, in ms."""

    text: str
    started: bool = False
    """Whether SentenceBegan has been sent."""
    synthesised: bool = False
    silent: bool = False
    """Whether it was not synthesised, or not to its end, because the client takes no audio."""
    complete: bool = False
    """Whether all of its audio was made and none dropped, so that its length is known."""
    made_ms: float = 0.0
    sent_ms: float = 0.0
    packets: deque[tuple[bytes, float]] = field(default_factory=deque)


@dataclass(slots=True)
class Outlet:
    """State shared by all spoken items of a connection: pacing, playout and whether the client takes audio."""

    pacer: Pacer
    clock: PlayoutClock
    sends_sound: bool = True
    """Whether the client takes audio. If not, none is synthesised, and all text counts as
    heard, since its user reads it."""


class Speech:
    """One spoken item: an answer, the prologue, or a text to be said as it is.

    Sentences are synthesised one after the other and sent in order: the next sentence's SentenceBegan goes out only
    after all audio of the one before (downlink.md 6.2). Nothing is sent before ``release``. A sentence is split
    off the text only when it is synthesised next, so that a long text costs nothing before that.
    """

    def __init__(
        self, *, envelope: Message, configuration: Configuration, orders: OrderNumbers, limits: Limits
    ) -> None:
        """``envelope`` is the message that is spoken."""
        self._envelope = Message(
            id=envelope.id,
            conversation_id=envelope.conversation_id,
            bot_id=envelope.bot_id,
            role=envelope.role,
            type=envelope.type,
            content="",
            content_type="audio",
            chat_id=envelope.chat_id,
            section_id=envelope.section_id,
        )
        self.configuration = configuration
        """How the sentences that are ordered from now on are spoken."""
        self._orders = orders
        self._limits = limits
        self._item = orders.next()
        self._synthesis = PendingOrder(CancelSpeech)
        self._closed = False
        self._will_pause = False
        """Whether a passage has ended of which not all audio was sent, as far as the client knows."""
        self._completed_sent = False
        self.failure: str | None = None
        """Why a sentence or the rest of one was left out; the first such failure."""
        self._splitter = SentenceSplitter()
        self.sentences: list[SpokenSentence] = []
        """Sentences whose synthesis is done or under way, and the next one."""
        self._sending = 0
        """Index of the first sentence that has not been sent whole."""
        self._made_ms = 0.0
        self._sent_ms = 0.0

    def write(self, text: str) -> None:
        """Append to the text to speak."""
        assert not self._closed
        self._splitter.write(text)

    def end_passage(self) -> None:
        """Speak what has been written without waiting for the end of its last sentence: nothing follows for now."""
        self._splitter.end()
        self._will_pause = True

    def withdraw(self, text: str) -> Iterator[Effect]:
        """Remove the last sentences, which ``text`` contains. Audio of them that was sent will be heard, and counts for
        no text."""
        self._splitter = SentenceSplitter()
        for sentence in reversed(self.sentences):
            if not sentence.text or sentence.text not in text:
                break
            if not sentence.synthesised:
                yield from self._synthesis.stop()
            sentence.packets.clear()
            sentence.synthesised = True
            sentence.text = ""
            self._made_ms -= sentence.made_ms - sentence.sent_ms
            sentence.made_ms = sentence.sent_ms

    def close(self) -> None:
        """End the text."""
        self._splitter.end()
        self._closed = True

    @property
    def finished(self) -> bool:
        """Whether all audio and SpeechCompleted have been sent."""
        return self._completed_sent

    @property
    def sent_ms(self) -> float:
        """Length of the audio sent, in ms."""
        return self._sent_ms

    def _current(self) -> SpokenSentence | None:
        """The sentence being synthesised, or the next one."""
        if not self.sentences or self.sentences[-1].synthesised:
            text = self._splitter.next()
            if text is None:
                return None
            self.sentences.append(SpokenSentence(text))
        return self.sentences[-1]

    def order_next(self, now: float, outlet: Outlet) -> Iterator[Effect]:
        """Order the next sentence if no synthesis is under way and it is not too far ahead of playout."""
        sentence, room_at = self._current(), self._room_at(outlet)
        if self._synthesis.order is not None or sentence is None or room_at is None or now < room_at:
            return
        order = self._orders.next()
        self._synthesis.wait(order, now, within_s=self._limits.synthesis_s)
        yield Speak(
            order,
            self._item,
            sentence.text,
            first=sentence is self.sentences[0],
            urgent=self._made_ms < URGENT_UNTIL_MS,
            configuration=self.configuration,
            chat_id=self._envelope.chat_id,
        )

    def _room_at(self, outlet: Outlet) -> float | None:
        """When playout has caught up enough to synthesise more; None: not before more has been sent."""
        room_ms = self._limits.synthesis_ahead_ms - (self._made_ms - self._sent_ms)
        return None if room_ms < 0 else outlet.clock.ends_at - room_ms / 1000

    def on_report(self, report: SpeechReport, now: float) -> None:
        """Take in a report of synthesis, if it answers the order under way."""
        if report.order != self._synthesis.order:
            return
        sentence = self._current()
        assert sentence is not None
        match report:
            case SpeechAudio(_, packet, duration_ms):
                if packet:
                    self._synthesis.restart(now)
                    sentence.packets.append((packet, duration_ms))
                    sentence.made_ms += duration_ms
                    self._made_ms += duration_ms
            case SpeechFinished(order):
                self._synthesis.answered_by(order)
                self._finish(sentence, None)
            case SpeechFailed(order, reason):
                self._synthesis.answered_by(order)
                self._finish(sentence, reason)
            case _:
                assert_never(report)

    def _finish(self, sentence: SpokenSentence, failure: str | None) -> None:
        sentence.synthesised = True
        sentence.complete = failure is None
        self.failure = self.failure or failure

    def deadline(self, outlet: Outlet) -> float | None:
        """When time alone moves the synthesis on: it stalls, or there is room for the next sentence."""
        if self._synthesis.order is not None:
            return self._synthesis.deadline
        return self._room_at(outlet) if self._current() is not None else None

    def be_silent(self) -> Iterator[Effect]:
        """Stop synthesis and drop waiting audio, because the client takes none."""
        yield from self._synthesis.stop()
        while (sentence := self._current()) is not None:
            sentence.silent = sentence.synthesised = True
        for sentence in self.sentences[self._sending :]:
            if sentence.packets:
                sentence.silent = True
                sentence.packets.clear()
                self._made_ms -= sentence.made_ms - sentence.sent_ms
                sentence.made_ms = sentence.sent_ms

    def on_time(self, now: float) -> Iterator[Effect]:
        """Leave out the rest of a sentence whose synthesis has stalled."""
        if not self._synthesis.is_late(now):
            return
        yield from self._synthesis.stop()
        sentence = self._current()
        assert sentence is not None
        self._finish(sentence, f"speech synthesis produced no audio for {self._limits.synthesis_s:g} s")

    def break_off(self) -> Iterator[Effect]:
        """Stop synthesis, let the client play what was sent, and send SpeechCompleted.

        Without that event the subtitles of JS clients would wait for ever (downlink.md 6.2).
        """
        told = self._completed_sent or not any(sentence.started for sentence in self.sentences)
        yield from self.cancel()
        if not told:
            yield Send(SpeechCompleted(self._envelope))

    def cancel(self) -> Iterator[Effect]:
        """Stop synthesising and drop what has not been sent."""
        yield from self._synthesis.stop()
        for sentence in self.sentences[self._sending :]:
            sentence.packets.clear()
            sentence.synthesised = True
        self._splitter = SentenceSplitter()
        self._closed = True
        self._completed_sent = True

    def release(self, now: float, outlet: Outlet) -> Iterator[Effect]:
        """Send what may be sent now, in order, as fast as the pacing allows."""
        while self._sending < len(self.sentences):
            sentence = self.sentences[self._sending]
            while sentence.packets:
                if outlet.pacer.ready_at(now) > now:
                    return
                packet, duration_ms = sentence.packets.popleft()
                if not sentence.started:
                    yield from self._start(sentence)
                number = outlet.pacer.released()
                sounding = Sounding(self._item, duration_ms, max(now, outlet.clock.ends_at))
                outlet.clock.sent(duration_ms, now)
                sentence.sent_ms += duration_ms
                self._sent_ms += duration_ms
                yield Send(SpeechDelta(self._envelope, packet, duration_ms), sounding, number)
            if not sentence.synthesised:
                return
            if sentence.silent and sentence.text and not sentence.started:
                yield from self._start(sentence)
            self._sending += 1
        if self._will_pause and self._current() is None:
            self._will_pause = False
            yield Send(SpeechPaused(self._envelope))
        if self._closed and not self._completed_sent and self._current() is None:
            self._completed_sent = True
            yield Send(SpeechCompleted(self._envelope))

    def _start(self, sentence: SpokenSentence) -> Iterator[Effect]:
        sentence.started = True
        yield Send(SentenceBegan(self._envelope, sentence.text))

    def paced_until(self, now: float, outlet: Outlet) -> float | None:
        """When pacing lets the next packet leave; None if no packet waits for that."""
        if not any(sentence.packets for sentence in self.sentences[self._sending :]):
            return None
        ready_at = outlet.pacer.ready_at(now)
        return ready_at if ready_at < math.inf else None
