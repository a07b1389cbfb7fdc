"""Keeps the audio of utterances in progress, so that a client sends only what follows."""

from collections import OrderedDict
from typing import Final

from kouyu.engines.remote.wire import SAMPLE_BYTES, SentAudio

MOST_BYTES: Final = 128 * 1024 * 1024
"""Of all utterances; beyond it those are dropped that were used longest ago. One of 10 s takes 320 KB."""


class AudioUnknown(Exception):
    """The beginning of the audio is not here: it was sent to another process, or has been dropped."""


class HeldAudio:
    """The utterances of all clients, by the names that these gave them."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._audio: OrderedDict[str, bytes] = OrderedDict()
        self.bytes = 0

    def whole(self, sent: SentAudio) -> bytes:
        """The whole audio, which is kept if it has a name. Raises AudioUnknown, and ValueError for half a sample."""
        if sent.held < 0 or (sent.held + len(sent.samples)) % SAMPLE_BYTES[sent.encoding]:
            raise ValueError(f"audio must be whole samples of {sent.encoding}")
        before = self._audio.get(sent.utterance, b"") if sent.held else b""
        if len(before) < sent.held:
            raise AudioUnknown
        audio = before[: sent.held] + sent.samples
        if sent.utterance and len(audio) > len(self._audio.get(sent.utterance, b"")):
            self._keep(sent.utterance, audio)
        return audio

    def _keep(self, name: str, audio: bytes) -> None:
        self.bytes += len(audio) - len(self._audio.pop(name, b""))
        self._audio[name] = audio
        while self.bytes > self._most_bytes:
            self.bytes -= len(self._audio.popitem(last=False)[1])
