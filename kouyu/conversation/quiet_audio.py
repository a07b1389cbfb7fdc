"""Audio of free talk from which nothing follows. Most inputs of a conversation are of this kind."""

from kouyu.conversation.endpointer import Endpointer
from kouyu.conversation.inputs import AudioReceived, Input, SpeechProbability
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.pending_turns import PendingTurns
from kouyu.conversation.preparation import Preparation
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.domain.configuration import Configuration


class QuietAudio:
    """Takes in such audio without asking any other rule.

    That is audio that has arrived, and chunks in which nobody speaks, while no turn is under way and the agent makes
    and sends nothing: then time alone moves nothing on either.
    """

    def __init__(
        self, endpointer: Endpointer, *, preparation: Preparation, pending: PendingTurns, output: OutputSlot
    ) -> None:
        self._endpointer = endpointer
        self._preparation = preparation
        self._pending = pending
        self._output = output

    @property
    def is_idle(self) -> bool:
        """Whether there is no utterance, no buffer of push to talk, and no turn: nothing is waited for but audio."""
        return self._endpointer.utterance is None and not self._is_turn_under_way

    def takes(self, received: Input, configuration: Configuration, now: float) -> bool:
        """Take in an input from which nothing follows. Returns False, and takes nothing in, for all others."""
        if self._is_turn_under_way or self._output.running():
            return False
        match received:
            case SpeechProbability():
                return self._endpointer.take_silence(received, configuration.turn_detection, now)
            case AudioReceived(end) if not is_push_to_talk(configuration.turn_detection):
                self._endpointer.on_audio(end, configuration.turn_detection, now)
                return True
            case _:
                return False

    @property
    def _is_turn_under_way(self) -> bool:
        """Whether a turn is prepared, or waits for its transcript."""
        return self._preparation.turn is not None or bool(self._pending)
