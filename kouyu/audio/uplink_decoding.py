"""Decodes the bytes of ``input_audio_buffer.append`` into the samples that the engines take."""

from collections.abc import Iterator

import numpy as np

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.ogg_opus import OggOpusSource
from kouyu.audio.opus import OpusPacketSource
from kouyu.audio.pcm import Encoding, PcmFormat, Samples, joined
from kouyu.audio.resampling import Resampler, open_prompt_resampler
from kouyu.audio.stream import AudioSource, Block
from kouyu.audio.wav_stream import WavSource
from kouyu.domain.configuration import InputAudio
from kouyu.domain.effective import G711_RATE
from kouyu.domain.speech_rate import SPEECH_RATE

_PCM_ENCODINGS: dict[int, Encoding] = {8: "unsigned8", 16: "signed16", 24: "signed24"}


class AudioDecoder:
    """Decodes one connection's input audio to mono float32, -1 to 1, at SPEECH_RATE.

    At most 3 ms are held back between pieces (1.5 ms where the input has 16 kHz or more).
    """

    def __init__(self, source: AudioSource) -> None:
        self._source: AudioSource | None = source
        self._resampler: Resampler | None = None
        self._from_rate = 0
        self._ready: list[Samples] = []
        """Audio decoded before an error, returned by the next call."""

    def steps(self, data: bytes) -> Iterator[Samples]:
        """Decode ``data`` lazily, a packet at a time if the codec has packets.

        A step may be empty. Raises UndecodableAudio if ``data`` is faulty. The audio around the fault is not lost, and
        the next piece is decoded as if the faulty bytes had not been sent.
        """
        assert self._source is not None, "closed"
        for block in self._source.decode(data):
            self._resample(block)
            yield self._take()

    def feed(self, data: bytes) -> Samples:
        """The same in one step."""
        ready: list[Samples] = []
        try:
            ready.extend(self.steps(data))
        except UndecodableAudio:
            self._ready = ready
            raise
        return joined(ready)

    def continued_s(self, data: bytes) -> float:
        """Seconds of audio in ``data``, if it may be decoded together with what follows; 0.0 otherwise. See
        ``AudioSource``."""
        return self._source.continued_s(data) if self._source is not None else 0.0

    def flush(self) -> Samples:
        """Return the rest of a completed buffer. The next feed begins a new buffer, in the same format."""
        assert self._source is not None, "closed"
        for block in self._source.end():
            self._resample(block)
        self._finish_rate()
        return self._take()

    def close(self) -> None:
        """Free the codecs. No call may follow."""
        self._source = None
        self._resampler = None
        self._ready.clear()

    def _resample(self, block: Block) -> None:
        if self._resampler is None or block.sample_rate != self._from_rate:
            self._finish_rate()
            self._resampler = open_prompt_resampler(block.sample_rate, SPEECH_RATE)
            self._from_rate = block.sample_rate
        self._keep(self._resampler.feed(block.samples))

    def _finish_rate(self) -> None:
        """Return the rest of the audio at the previous rate."""
        if self._resampler is not None:
            self._keep(self._resampler.flush())

    def _keep(self, samples: Samples) -> None:
        if self._from_rate != SPEECH_RATE:
            # A resampler may overshoot a little if the input is at full scale.
            samples = np.maximum(np.minimum(samples, 1.0), -1.0)
        self._ready.append(samples)

    def _take(self) -> Samples:
        samples = joined(self._ready)
        self._ready = []
        return samples


def open_decoder(input_audio: InputAudio) -> AudioDecoder:
    """Open a decoder for the format that the client announced (uplink.md, data.input_audio).

    G.711 is decoded at 8000 Hz whatever rate is announced (websocket.md 6.3).
    """
    return AudioDecoder(_open_source(input_audio))


def _open_source(input_audio: InputAudio) -> AudioSource:
    pcm_format = PcmFormat(_PCM_ENCODINGS[input_audio.bit_depth], input_audio.sample_rate, input_audio.channel)
    match input_audio.format, input_audio.codec:
        case "ogg", _:
            return OggOpusSource()
        case _, "opus":
            return OpusPacketSource()
        case _, "g711a":
            return WavSource(PcmFormat("alaw", G711_RATE, input_audio.channel))
        case _, "g711u":
            return WavSource(PcmFormat("mulaw", G711_RATE, input_audio.channel))
        case _:
            # Clients that announce bare samples but send a WAV header before them are accepted too.
            return WavSource(pcm_format)
