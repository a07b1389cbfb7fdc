"""Noise suppression of one session's audio while ``voice_processing_config.enable_ans`` is on."""

import logging

from kouyu.audio.pcm import Samples, joined
from kouyu.engines.denoise.engine import NoiseSuppressor, SuppressionStream

log = logging.getLogger(__name__)


class NoiseSuppression:
    """Filters the user's audio before VAD. Can be switched on and off at any sample; costs nothing while off."""

    def __init__(self, suppressor: NoiseSuppressor | None) -> None:
        self._suppressor = suppressor
        self._stream: SuppressionStream | None = None
        self._missed = False

    def clean(self, samples: Samples, *, enabled: bool) -> Samples:
        """Filter ``samples``; returns the samples that are ready.

        While on it delays the audio a little; after it is switched off, the rest comes with the next samples.
        """
        if not enabled:
            return samples if self._stream is None else joined([self._stop(), samples])
        stream = self._stream or self._start()
        return samples if stream is None else stream.feed(samples)

    def flush(self) -> Samples:
        """Return the delayed samples at once, at the end of a buffer."""
        return joined([]) if self._stream is None else self._stream.flush()

    def _start(self) -> SuppressionStream | None:
        if self._suppressor is not None:
            self._stream = self._suppressor.open()
        elif not self._missed:
            self._missed = True
            log.info("a client requests noise suppression (enable_ans), which this server does not have")
        return self._stream

    def _stop(self) -> Samples:
        rest, self._stream = self.flush(), None
        return rest
