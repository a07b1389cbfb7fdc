"""When the user's silence ends the turn."""

from typing import Literal

from kouyu.conversation.limits import Limits
from kouyu.protocol.configuration import TurnDetection

Decision = Literal["wait", "judge", "end"]


class EndOfTurn:
    """The decision about one silence in free talk (uplink.md, data.turn_detection).

    ::

        server_vad     ~~~~speech~~~~|------------------------------| silence_duration_ms: end

        semantic_vad   ~~~~speech~~~~|--------------| silence_threshold_ms: judge
                                                    |--| judged complete: end
                                     |------------------------------| semantic_unfinished_wait_time_ms: end
                                     |---------------------| judgement late: unjudged_silence_ms: end

    A judgement that is late or never comes says nothing about the turn, so that it ends as it would without a judge,
    though never later than an unfinished one. Where the wait is not longer than the threshold, the
    threshold ends the turn and there is nothing to judge.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._state: Literal["not asked", "asked", "late", "complete"] = "not asked"

    @property
    def asked(self) -> bool:
        """This silence is being judged, or has been."""
        return self._state != "not asked"

    @staticmethod
    def longest_silence_ms(turn_detection: TurnDetection) -> int:
        """Silence that ends the turn whatever is judged."""
        if turn_detection.type != "semantic_vad":
            return turn_detection.silence_duration_ms
        semantic = turn_detection.semantic_vad_config
        return max(semantic.silence_threshold_ms, semantic.semantic_unfinished_wait_time_ms)

    def after_silence(self, silence_ms: int, turn_detection: TurnDetection) -> Decision:
        """What to do when the user has been silent for ``silence_ms``."""
        longest_ms = self.longest_silence_ms(turn_detection)
        if self._state == "late":
            longest_ms = min(longest_ms, self._limits.unjudged_silence_ms)
        if self._state == "complete" or silence_ms >= longest_ms:
            return "end"
        threshold_ms = turn_detection.semantic_vad_config.silence_threshold_ms
        if turn_detection.type == "semantic_vad" and not self.asked and silence_ms >= threshold_ms:
            self._state = "asked"
            return "judge"
        return "wait"

    def judged(self, completeness: float) -> Decision:
        """How likely the user has finished, 0 to 1, has been judged."""
        if self._state != "asked" or completeness < self._limits.turn_complete_probability:
            return "wait"
        self._state = "complete"
        return "end"

    def judgement_late(self) -> None:
        """The judgement has not come in time."""
        if self._state == "asked":
            self._state = "late"

    def spoke_on(self) -> None:
        """The silence is over, and with it what was judged of it."""
        self._state = "not asked"
