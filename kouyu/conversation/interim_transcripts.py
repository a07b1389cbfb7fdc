"""Orders interim transcripts while the user speaks: one at a time, limited by ``limits.py`` and new audio."""

from collections.abc import Iterator

from kouyu.conversation.effects import CancelTranscribe, Effect, Transcribe
from kouyu.conversation.identity import OrderNumbers
from kouyu.conversation.limits import Limits
from kouyu.conversation.speech_detector import samples_in
from kouyu.conversation.utterance import Span
from kouyu.protocol.configuration import Configuration


class InterimTranscripts:
    """The interim transcript of the utterance in progress, and the order under way for the next one."""

    def __init__(self, orders: OrderNumbers, limits: Limits) -> None:
        self._orders = orders
        self._limits = limits
        self._order: int | None = None
        self._asked_at = 0.0
        self._asked_end = 0
        self._within_s = 0.0
        self.text = ""
        self.language = ""
        """ISO 639-1 code of the text."""

    def ask(self, span: Span, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Order the next one, unless one is under way or there is too little new audio."""
        known_until = max(self._asked_end, span.start)
        if self._order is not None or span.end - known_until < samples_in(self._limits.partial_interval_ms):
            return
        self._order = self._orders.next()
        self._wait_for(span, now)
        yield Transcribe(self._order, span.start, span.end, False, configuration)

    def adopt(self, order: int, span: Span, now: float) -> bool:
        """Use a transcript of ``span`` that is under way as an interim one. False if one is under way already."""
        if self._order is not None:
            return False
        self._order = order
        self._wait_for(span, now)
        return True

    def _wait_for(self, span: Span, now: float) -> None:
        self._asked_at, self._asked_end = now, span.end
        self._within_s = self._limits.transcript_within_s(span.duration_s)

    def on_transcript(self, order: int, text: str, language: str) -> bool:
        """Take in a transcript. Returns whether it answers the order under way and its text is new."""
        if order != self._order:
            return False
        self._order = None
        is_new = bool(text.strip()) and text.strip() != self.text
        if is_new:
            self.text, self.language = text.strip(), language
        return is_new

    def on_failure(self, order: int) -> None:
        """Forget the order under way if it is ``order``, so that the next can be made."""
        if order == self._order:
            self._order = None

    @property
    def deadline(self) -> float | None:
        """When the order under way times out."""
        return self._asked_at + self._within_s if self._order is not None else None

    def on_time(self, now: float) -> Iterator[Effect]:
        """Cancel an overdue order, so that the next can be made."""
        deadline = self.deadline
        if deadline is not None and now >= deadline:
            yield from self.stop()

    def stop(self) -> Iterator[Effect]:
        """Cancel the order under way."""
        if self._order is not None:
            yield CancelTranscribe(self._order)
            self._order = None

    def reset(self) -> Iterator[Effect]:
        """Cancel the order under way and forget the text: another utterance begins."""
        yield from self.stop()
        self.text = self.language = ""
        self._asked_end = 0
