"""How fast packets may go out: ``limit_config`` of the output (uplink.md, data.output_audio)."""

from collections import deque

from kouyu.protocol.configuration import LimitConfig, OutputAudio


class Pacer:
    """Lets at most ``max_frame_num`` packets go in any window of ``period`` seconds.

    A sliding window, so that no choice of a period's start sees more than the limit.
    """

    def __init__(self, limit: LimitConfig | None) -> None:
        self._limit = limit
        self._sent: deque[float] = deque()

    def ready_at(self, now: float) -> float:
        """The time from which the next packet may be sent; ``now`` or earlier means at once."""
        if self._limit is None or len(self._sent) < self._limit.max_frame_num:
            return now
        return self._sent[0] + self._limit.period

    def sent(self, now: float) -> None:
        """A packet has been sent."""
        if self._limit is None:
            return
        self._sent.append(now)
        if len(self._sent) > self._limit.max_frame_num:
            self._sent.popleft()


def limit_of(output_audio: OutputAudio) -> LimitConfig | None:
    """The limit that holds for the codec in use."""
    if output_audio.codec == "opus":
        return output_audio.opus_config.limit_config
    if output_audio.codec == "mp3":
        return None
    return output_audio.pcm_config.limit_config
