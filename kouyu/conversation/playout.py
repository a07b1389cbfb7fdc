"""What the user has heard: the protocol has no report of it, so it is derived from what was sent and when."""


class PlayoutClock:
    """A client that plays what it receives at once and without gaps, at the speed of sound.

    ::

        sent      |####|   |#######|            |##|
        played     ----    ------------------    ---
                                             ^ ran dry: the next piece plays when it comes
    """

    def __init__(self) -> None:
        self.ends_at = 0.0
        """When the last of what has been sent has been, or will have been, heard; in seconds."""

    def sent(self, duration_ms: float, now: float) -> None:
        """Audio of this length has just been sent."""
        self.ends_at = max(self.ends_at, now) + duration_ms / 1000

    def remaining_ms(self, now: float) -> float:
        """What has been sent and not been heard yet."""
        return max(0.0, self.ends_at - now) * 1000

    def flushed(self, now: float) -> None:
        """The client has thrown away what it had not played."""
        self.ends_at = min(self.ends_at, now)
