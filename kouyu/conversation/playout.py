"""Estimates what the client has played from what was sent and when: the protocol does not report playout."""


class PlayoutClock:
    """Models a client that plays what it receives at once, without gaps and in real time.

    ::

        sent      |####|   |#######|            |##|
        played     ----    ------------------    ---
                                             ^ ran dry: the next piece plays when it comes
    """

    def __init__(self) -> None:
        self.ends_at = 0.0
        """When playout of the sent audio ends or ended, in seconds."""

    def sent(self, duration_ms: float, now: float) -> None:
        """Record that audio of this length was sent at ``now``."""
        self.ends_at = max(self.ends_at, now) + duration_ms / 1000

    def remaining_ms(self, now: float) -> float:
        """Length of the audio that was sent and not played yet."""
        return max(0.0, self.ends_at - now) * 1000

    def flushed(self, now: float) -> None:
        """Record that the client discarded the audio it had not played."""
        self.ends_at = min(self.ends_at, now)
