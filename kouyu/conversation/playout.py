"""What the user has heard: the protocol has no report of it, so it is derived from what was sent and when."""


class PlayoutClock:
    """A client that plays what it receives at once and without gaps, at the speed of sound.

    ::

        sent      |####|   |#######|            |##|
        played     ----    ------------------    ---
                                             ^ ran dry: the next piece plays when it comes
    """

    def __init__(self) -> None:
        self._ends_at = 0.0
        self._total_s = 0.0

    def sent(self, duration_ms: float, now: float) -> None:
        """Audio of this length has just been sent."""
        self._ends_at = max(self._ends_at, now) + duration_ms / 1000
        self._total_s += duration_ms / 1000

    def remaining_ms(self, now: float) -> float:
        """What has been sent and not been heard yet."""
        return max(0.0, self._ends_at - now) * 1000

    def heard_ms(self, now: float) -> float:
        """What has been heard of all that was sent."""
        return self._total_s * 1000 - self.remaining_ms(now)

    def flushed(self, now: float) -> None:
        """The client has thrown away what it had not played."""
        self._total_s -= self.remaining_ms(now) / 1000
        self._ends_at = min(self._ends_at, now)
