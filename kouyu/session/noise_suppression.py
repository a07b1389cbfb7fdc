"""Taking noise out of one session's audio while its client asks for that."""

import logging

from kouyu.audio.pcm import Samples, joined
from kouyu.engines.denoise.engine import NoiseSuppressor, SuppressionStream

log = logging.getLogger(__name__)


class NoiseSuppression:
    """Stands before everything that listens, and may be switched on and off at any sample. Off, it costs nothing."""

    def __init__(self, suppressor: NoiseSuppressor | None) -> None:
        self._suppressor = suppressor
        self._stream: SuppressionStream | None = None
        self._missed = False

    def clean(self, samples: Samples, *, enabled: bool) -> Samples:
        """What may be listened to now that ``samples`` have come in (``voice_processing_config.enable_ans``).

        A little is held back while it is on, and comes with the first samples after that.
        """
        if not enabled:
            return samples if self._stream is None else joined([self._stop(), samples])
        stream = self._stream or self._start()
        return samples if stream is None else stream.feed(samples)

    def flush(self) -> Samples:
        """What is held back: a buffer of audio is complete."""
        return joined([]) if self._stream is None else self._stream.flush()

    def _start(self) -> SuppressionStream | None:
        if self._suppressor is not None:
            self._stream = self._suppressor.open()
        elif not self._missed:
            self._missed = True
            log.info("a client asks for noise suppression (enable_ans), which this server has not")
        return self._stream

    def _stop(self) -> Samples:
        rest, self._stream = self.flush(), None
        return rest
