"""Orders interim transcripts while the user speaks: one at a time, at a pace that follows length and load."""

from collections.abc import Iterator
from typing import Final

from kouyu.conversation.barge_in import BargeIn
from kouyu.conversation.effects import CancelTranscribe, Effect, Transcribe
from kouyu.conversation.limits import Limits
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.pending_order import PendingOrder
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.conversation.speech_detector import samples_in
from kouyu.conversation.utterance import Span
from kouyu.domain.configuration import Configuration

SHARE_OF_SPEECH: Final = 4
"""The next transcript needs a quarter more speech than the last one had: every transcript begins at the first word, so
that an even pace would cost ever more, and a long text changes less with each word. Not in push to talk: the reply
begins sooner where the last transcript before the release was the whole question."""
SHARE_OF_TIME: Final = 3
"""It also needs three times the audio of the time that the last one took, from its order to its text. So recognition
works on interim transcripts for at most a third of the time, and for less when other sessions make it slow."""
FIRST_SPEECH_MS: Final = 600
"""Speech before the first transcript of an utterance, unless one decides whether the agent is interrupted. Of 25
prompts read by people, 19 transcripts of the first 0.45 s were in doubt, 11 of the first 0.7 s, and 9 of 93 later
ones."""
LONGEST_INTERVAL_MS: Final = 1600
"""Most that length and load may ask for. They ask for nothing where a transcript decides about an interruption."""


class InterimTranscripts:
    """The interim transcript of the utterance in progress, and the order under way for the next one."""

    def __init__(self, orders: OrderNumbers, limits: Limits) -> None:
        self._orders = orders
        self._limits = limits
        self._pending = PendingOrder(CancelTranscribe)
        self._asked_end = 0
        self._asked_at = 0.0
        self._taken_s = 0.0
        """From the last transcript's order to its text."""
        self.text = ""
        self.language = ""
        """ISO 639-1 code of the text."""
        self.heard_until = 0
        """Sample before which the audio of the text ends."""

    def ask(self, span: Span, configuration: Configuration, now: float, speech_ms: int) -> Iterator[Effect]:
        """Order the next one, unless one is under way or there is too little new audio. ``speech_ms``: from the first
        speech of the utterance to its last."""
        turn_detection = configuration.turn_detection
        interrupts = BargeIn(self._limits, turn_detection.interrupt_config).needs_transcript
        if not self._asked_end and speech_ms < FIRST_SPEECH_MS and not interrupts:
            return
        known_until = max(self._asked_end, span.start)
        new = span.end - known_until
        interval = samples_in(self._limits.interim_interval_ms)
        if not interrupts:
            known = 0 if is_push_to_talk(turn_detection) else known_until - span.start
            interval = max(interval, self._interval(known))
        if self._pending.order is not None or new < interval:
            return
        order = self._orders.next()
        self._wait_for(order, span, now)
        yield Transcribe(order, span.start, span.end, False, configuration)

    def _interval(self, known: int) -> int:
        """Samples that length and load ask for beyond the ``known`` ones of the utterance."""
        taken = samples_in(round(self._taken_s * 1000))
        return min(samples_in(LONGEST_INTERVAL_MS), max(known // SHARE_OF_SPEECH, taken * SHARE_OF_TIME))

    def adopt(self, order: int, span: Span, now: float) -> None:
        """Take over a transcript of ``span`` that is under way. None of these may be under way."""
        assert self._pending.order is None
        self._wait_for(order, span, now)

    def _wait_for(self, order: int, span: Span, now: float) -> None:
        self._asked_end, self._asked_at = span.end, now
        self._pending.wait(order, now, within_s=self._limits.transcript_within_s(span.duration_s))

    def on_transcript(self, order: int, text: str, language: str, now: float) -> bool:
        """Take in a transcript. Returns whether it is the awaited one and its text is new."""
        if not self._pending.answered_by(order):
            return False
        self._taken_s = now - self._asked_at
        if text.strip():
            self.heard_until = self._asked_end
        is_new = bool(text.strip()) and text.strip() != self.text
        if is_new:
            self.text, self.language = text.strip(), language
        return is_new

    def on_failure(self, order: int) -> None:
        """Take in that recognition failed, if it is the awaited one; the next may be ordered."""
        self._pending.answered_by(order)

    @property
    def deadline(self) -> float | None:
        """When the order under way times out; None if there is none."""
        return self._pending.deadline

    def on_time(self, now: float) -> Iterator[Effect]:
        """Cancel an overdue order; the next may be ordered."""
        if self._pending.is_late(now):
            yield from self.stop()

    def stop(self) -> Iterator[Effect]:
        """Cancel the order under way."""
        yield from self._pending.stop()

    def reset(self) -> Iterator[Effect]:
        """Cancel the order under way and clear the text, because another utterance begins."""
        yield from self.stop()
        self.text = self.language = ""
        self._asked_end = self.heard_until = 0
