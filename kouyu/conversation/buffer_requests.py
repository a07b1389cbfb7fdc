"""Carries out what the client asks of the push-to-talk buffer."""

from collections.abc import Iterator

from kouyu.conversation.effects import Effect
from kouyu.conversation.hints import Hints
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.conversation.turns import Turns
from kouyu.domain.configuration import Configuration
from kouyu.domain.requests import ClearBuffer, CompleteBuffer


class BufferRequests:
    """Completes and clears the buffer; in free talk there is none, which is hinted at."""

    def __init__(self, turns: Turns, hints: Hints) -> None:
        self._turns = turns
        self._hints = hints

    def carry_out(
        self, event: CompleteBuffer | ClearBuffer, configuration: Configuration, now: float
    ) -> Iterator[Effect]:
        """Carry out a request of the client."""
        if not is_push_to_talk(configuration.turn_detection):
            yield from self._hints.no_buffer(isinstance(event, CompleteBuffer), configuration.turn_detection.type)
        elif isinstance(event, CompleteBuffer):
            if not self._turns.in_buffer:
                yield from self._hints.nothing_to_complete()
            yield from self._turns.complete(configuration, now, answers=event.answer)
        else:
            yield from self._turns.clear(configuration, now)
