"""How fast packets may go out: ``limit_config`` of the output (uplink.md, data.output_audio)."""

import math
from collections import deque

from kouyu.domain.configuration import LimitConfig, OutputAudio


class Pacer:
    """Lets at most ``max_frame_num`` packets leave in any window of ``period`` seconds.

    The window slides, so that the limit holds wherever a period begins. A packet counts from the time it left, which
    may be long after its release; a packet on its way counts as if it left now.
    """

    def __init__(self, limit: LimitConfig | None) -> None:
        self.limit = limit
        self._left: deque[float] = deque()
        self._on_the_way: set[int] = set()
        self._released = 0

    def ready_at(self, now: float) -> float:
        """The time from which the next packet may be released: ``now`` or earlier means at once, infinity not before a
        packet on its way has left."""
        if self.limit is None:
            return now
        free = self.limit.max_frame_num - len(self._on_the_way)
        if free <= 0:
            return math.inf
        return now if len(self._left) < free else self._left[-free] + self.limit.period

    def released(self) -> int | None:
        """Record the release of a packet. Returns the number to pass to ``gone``; None without a limit."""
        if self.limit is None:
            return None
        self._released += 1
        self._on_the_way.add(self._released)
        return self._released

    def gone(self, number: int, left_at: float | None) -> None:
        """Record when a packet left; None: it was dropped before."""
        if number in self._on_the_way:
            self._on_the_way.remove(number)
            if left_at is not None:
                self.left(left_at)

    def left(self, now: float) -> None:
        """Record that a packet left at ``now``."""
        if self.limit is None:
            return
        self._left.append(now)
        while len(self._left) > self.limit.max_frame_num:
            self._left.popleft()


def limit_of(output_audio: OutputAudio) -> LimitConfig | None:
    """The limit of the codec in use, if it has one."""
    if output_audio.codec == "opus":
        return output_audio.opus_config.limit_config
    if output_audio.codec == "mp3":
        return None
    return output_audio.pcm_config.limit_config
