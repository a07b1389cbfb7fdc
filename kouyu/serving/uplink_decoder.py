"""Decodes appended audio in small steps, so that no append blocks the event loop or fills the memory."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.format_detection import FormatWatch, looks_like_pcm
from kouyu.audio.ogg import PAGE_MARK
from kouyu.audio.pcm import Samples, joined
from kouyu.audio.uplink_decoding import open_decoder
from kouyu.domain.configuration import InputAudio
from kouyu.domain.errors import BAD_REQUEST, ProtocolError
from kouyu.domain.speech_rate import SPEECH_RATE

LONGEST_APPEND_S: Final = 600
"""Most audio in one append, in seconds. A megabyte of Ogg can hold days of it."""
_STEP: Final = SPEECH_RATE // 2
"""Samples decoded before other tasks get to run on the event loop."""
_PACKET_WORK: Final = 80
"""Least cost of a packet, in samples, counted also if it decodes to nothing."""
_BYTES_AT_ONCE: Final = 16 * 1024
_OGG_BYTES_AT_ONCE: Final = 4 * 1024
"""Bytes of Ogg parsed in one step: the search for a page after damage takes time too."""
_ALLOWED: Final = "pcm, wav, ogg with Opus, raw Opus packets, one in each append, and G.711"


class UplinkDecoder:
    """The decoder of one connection; ``use_format`` changes its format. Call ``close`` when done."""

    def __init__(self, announced: InputAudio) -> None:
        self._announced = announced
        self._is_certain = False
        """Whether the buffer's audio is in the announced format without doubt."""
        self._open()

    def use_format(self, announced: InputAudio) -> None:
        """Set the format of the audio from the next append on."""
        if announced != self._announced:
            self._announced = announced
            self._decoder.close()
            self._open()

    async def decoded(self, delta: bytes) -> AsyncIterator[Samples]:
        """Yield the audio of an append at SPEECH_RATE, in steps of at most half a second and a packet. If the codec is
        slow, other tasks run between the steps.

        Raises ProtocolError, after yielding what could be decoded, once for each buffer: for undecodable data, for
        audio in another format than announced, of which the rest is dropped until the next buffer, and for more than
        LONGEST_APPEND_S.
        """
        if self._is_other:
            return
        if kind := self._watch.other_than_announced(delta):
            raise self._other(kind)
        left = LONGEST_APPEND_S * SPEECH_RATE
        fault = ""
        step: list[Samples] = []
        work = 0
        for start in range(0, len(delta), self._bytes_at_once):
            if start:
                await asyncio.sleep(0)
            try:
                for samples in self._decoder.steps(delta[start : start + self._bytes_at_once]):
                    step.append(samples)
                    work += len(samples) + _PACKET_WORK
                    left -= len(samples)
                    if work >= _STEP:
                        yield joined(step)
                        step, work = [], 0
                        await asyncio.sleep(0)
                    if left < 0:
                        fault = f"holds more than {LONGEST_APPEND_S} s of audio; send it in shorter pieces"
                        break
            except UndecodableAudio as undecodable:
                fault = fault or str(undecodable)
            if left < 0:
                break
        if step:
            yield joined(step)
        if fault and not self._told:
            raise self._fault(delta, fault)

    def continued_s(self, delta: bytes) -> float:
        """Seconds of audio in an append that has no fault and may be decoded later, together with the next ones, by
        ``continued``; 0.0 for one that ``decoded`` must decode."""
        if not self._is_certain:
            self._is_certain = self._watch.settled and not self._is_other
        return self._decoder.continued_s(delta) if self._is_certain else 0.0

    def continued(self, data: bytes) -> Samples:
        """The audio of such appends."""
        return self._decoder.feed(data)

    def complete(self) -> Samples:
        """End the buffer and return the rest of its audio."""
        self._begin_buffer()
        return self._decoder.flush()

    def close(self) -> None:
        """Free the codec. No call may follow."""
        self._decoder.close()

    def _open(self) -> None:
        self._decoder = open_decoder(self._announced)
        self._bytes_at_once = _OGG_BYTES_AT_ONCE if self._announced.format == "ogg" else _BYTES_AT_ONCE
        self._begin_buffer()

    def _begin_buffer(self) -> None:
        self._watch = FormatWatch(self._announced)
        self._is_other = False
        self._is_certain = False
        self._told = False

    def _fault(self, delta: bytes, text: str) -> ProtocolError:
        in_packets = self._announced.codec == "opus" or self._announced.format == "ogg"
        if in_packets and PAGE_MARK not in delta and looks_like_pcm(delta):
            return self._other("PCM")
        self._told = True
        return ProtocolError(BAD_REQUEST, f"data.delta: {text}")

    def _other(self, kind: str) -> ProtocolError:
        self._told = self._is_other = True
        announced = f"format {self._announced.format}, codec {self._announced.codec}"
        msg = f"data.delta: it looks like {kind}, but data.input_audio announces {announced}; allowed: {_ALLOWED}"
        return ProtocolError(BAD_REQUEST, msg)
