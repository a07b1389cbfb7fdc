"""Speculation: the turn that is prepared at a pause of the utterance in progress, before the utterance is over."""

from collections.abc import Callable, Generator, Iterator

from kouyu.conversation.effects import Effect
from kouyu.conversation.turn import Turn
from kouyu.conversation.utterance import Span
from kouyu.domain.configuration import Configuration


class Preparation:
    """Holds the prepared turn, at most one. Nothing of it is sent to the client."""

    def __init__(self, new_turn: Callable[[Span], Turn]) -> None:
        self._new_turn = new_turn
        self.turn: Turn | None = None
        """The prepared turn, if there is one."""

    def begin(self, span: Span, configuration: Configuration, now: float) -> Generator[Effect, None, Turn]:
        """Prepare a turn of the speech in ``span``: order its transcript."""
        turn = self.turn = self._new_turn(span)
        yield from turn.transcribe(configuration, now)
        return turn

    def take(self, span: Span, configuration: Configuration, now: float) -> Generator[Effect, None, Turn]:
        """End the preparation and return its turn, because the utterance is over; without a preparation, a turn of the
        speech in ``span``."""
        turn = self.turn
        if turn is None:
            turn = yield from self.begin(span, configuration, now)
        self.turn = None
        return turn

    def forget(self) -> Iterator[Effect]:
        """Roll the prepared turn back."""
        if self.turn is not None:
            turn, self.turn = self.turn, None
            yield from turn.roll_back()

    def drop_failed(self, now: float) -> Iterator[Effect]:
        """Discard what has failed of the prepared turn; it is ordered again when the utterance is over."""
        turn = self.turn
        if turn is not None and turn.failure is not None:
            yield from self.forget()
        elif turn is not None:
            yield from turn.drop_failed(now)
