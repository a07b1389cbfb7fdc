"""Sends of an utterance only what a process does not have yet.

An interim transcript is made of the whole utterance so far, and so is the final one: of a 4 s utterance, 25 s of
audio in all. A process keeps what it got, and the next request sends what follows. What was sent before is recognised
by its content, so a caller passes whole utterances and nothing else, and audio that was changed meanwhile is sent anew.
"""

import itertools
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.remote.wire import AudioEncoding, SentAudio

BEGINNING_BYTES: Final = SPEECH_RATE // 2
"""An eighth or a quarter of a second, by which an utterance is found again. Shorter audio is not kept."""
KEPT_S: Final = 30.0
"""Seconds after its last request for which an utterance is kept."""
LONGEST_BYTES: Final = 60 * SPEECH_RATE * 4
"""Longer audio is a recording, of which nothing is sent twice."""


class _Sent(msgspec.Struct, frozen=True):
    name: str
    audio: bytes
    at: float


class Increments:
    """What one process has of the utterances in progress."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._names = map(str, itertools.count(1))
        self._client = secrets.token_hex(8)
        self._sent: OrderedDict[bytes, _Sent] = OrderedDict()

    def next_of(self, audio: bytes, encoding: AudioEncoding) -> SentAudio:
        """What to send so that the process has ``audio``."""
        if not BEGINNING_BYTES <= len(audio) <= LONGEST_BYTES:
            return SentAudio(samples=audio, encoding=encoding)
        sent = self._sent.get(audio[:BEGINNING_BYTES])
        if sent is not None and sent.at > self._clock() - KEPT_S and audio.startswith(sent.audio):
            rest = audio[len(sent.audio) :]
            return SentAudio(samples=rest, encoding=encoding, utterance=sent.name, held=len(sent.audio))
        return SentAudio(samples=audio, encoding=encoding, utterance=f"{self._client}-{next(self._names)}")

    def arrived(self, what: SentAudio, audio: bytes) -> None:
        """Note that the process has ``audio``, after ``what`` was sent."""
        if not what.utterance:
            return
        beginning = audio[:BEGINNING_BYTES]
        now = self._clock()
        self._sent[beginning] = _Sent(what.utterance, audio, now)
        self._sent.move_to_end(beginning)
        while next(iter(self._sent.values())).at <= now - KEPT_S:
            self._sent.popitem(last=False)

    def lost(self) -> None:
        """Note that the process does not have what it got: it began anew, or another one answers at its address."""
        self._sent.clear()
