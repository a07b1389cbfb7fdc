"""Decides when the user's silence ends the turn."""

from typing import Literal

from kouyu.conversation.limits import Limits
from kouyu.domain.configuration import TurnDetection

Decision = Literal["wait", "judge", "end"]


class EndOfTurn:
    """The decision about one silence in free talk (uplink.md, data.turn_detection).

    ::

        server_vad     ~~~~speech~~~~|------------------------------| silence_duration_ms: end

        semantic_vad   ~~~~speech~~~~|--------------| silence_threshold_ms: judge
                                                    |--| judged complete: end
                                     |------------------------------| semantic_unfinished_wait_time_ms: end
                                     |---------------------| judgement late: unjudged_silence_ms: end

    Without a judgement in time, the turn ends after ``unjudged_silence_ms``, or earlier if
    ``semantic_unfinished_wait_time_ms`` is shorter. If that wait is not longer than the threshold, the threshold ends
    the turn and no judgement is requested.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._state: Literal["not asked", "asked", "late", "complete"] = "not asked"

    @property
    def asked(self) -> bool:
        """Whether a judgement of this silence has been requested."""
        return self._state != "not asked"

    @staticmethod
    def longest_silence_ms(turn_detection: TurnDetection) -> int:
        """Silence in ms that ends the turn whatever the judgement."""
        if turn_detection.type != "semantic_vad":
            return turn_detection.silence_duration_ms
        semantic = turn_detection.semantic_vad_config
        return max(semantic.silence_threshold_ms, semantic.semantic_unfinished_wait_time_ms)

    def after_silence(self, silence_ms: int, turn_detection: TurnDetection) -> Decision:
        """Decide after ``silence_ms`` of silence."""
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
        """Decide by ``completeness``, the probability (0 to 1) that the user has finished."""
        if self._state != "asked" or completeness < self._limits.turn_complete_probability:
            return "wait"
        self._state = "complete"
        return "end"

    def judge_again(self) -> Decision:
        """Decide on a new transcript of the speech before the silence: a judgement by another one is out of date."""
        if self.asked:
            self._state = "asked"
            return "judge"
        return "wait"

    def judgement_late(self) -> None:
        """Record that the judgement did not come in time."""
        assert self._state == "asked"
        self._state = "late"

    def spoke_on(self) -> None:
        """Discard the judgement: the user speaks again."""
        self._state = "not asked"
