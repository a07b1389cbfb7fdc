"""Encodes an engine's speech into packets of the client's format."""

from collections.abc import Callable, Iterable
from typing import Literal

from kouyu.audio import g711
from kouyu.audio.encoded_file import aac_encoder, flac_encoder, ogg_opus_encoder
from kouyu.audio.framing import Encoder, Framer, Packet
from kouyu.audio.loudness import amplify, soften_peaks
from kouyu.audio.mp3 import Mp3Encoder
from kouyu.audio.opus import OpusEncoder
from kouyu.audio.pcm import Samples, bytes_from_float, int16_from_float
from kouyu.audio.resampling import Resampler, open_resampler
from kouyu.audio.wav_of_pcm import streamed_wav_header
from kouyu.domain.configuration import Mp3Config, OutputAudio
from kouyu.domain.effective import G711_RATE

FileFormat = Literal["pcm", "wav", "mp3", "ogg_opus", "aac", "flac"]

LONGEST_PIECE_BYTES = 12_000
"""Largest PCM packet if the client sets no frame size, as the recorded service sends them (downlink.md 8)."""
LONGEST_PIECE_MS = 250
"""The same in time, for denser codecs."""


class PcmEncoder:
    """An Encoder for codecs that encode each sample separately: PCM and G.711.

    With a frame size every packet has exactly that many samples (rounded to a whole one); without, all samples are
    returned at once, in packets of at most LONGEST_PIECE_BYTES and LONGEST_PIECE_MS.
    """

    def __init__(
        self,
        sample_rate: int,
        sample_bytes: int,
        to_bytes: Callable[[Samples], bytes],
        frame_size_ms: float | None,
    ) -> None:
        self.sample_rate = sample_rate
        self._to_bytes = to_bytes
        self._framer = Framer(round(sample_rate * frame_size_ms / 1000)) if frame_size_ms else None
        self._longest = min(LONGEST_PIECE_BYTES // sample_bytes, sample_rate * LONGEST_PIECE_MS // 1000)

    def write(self, samples: Samples) -> list[Packet]:
        """The packets that are now complete."""
        if self._framer is not None:
            return self._packets(self._framer.cut(samples))
        return self._packets(samples[at : at + self._longest] for at in range(0, len(samples), self._longest))

    def finish(self) -> list[Packet]:
        """The last frame, padded with silence."""
        return [] if self._framer is None else self._packets(self._framer.rest())

    def close(self) -> None:
        """Nothing to free."""

    def _packets(self, pieces: Iterable[Samples]) -> list[Packet]:
        return [Packet(self._to_bytes(piece), len(piece) * 1000 / self.sample_rate) for piece in pieces]


class StreamedWavEncoder(PcmEncoder):
    """An Encoder of one WAV file of 16 bit PCM whose header was written before its length was known."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__(sample_rate, 2, bytes_from_float, None)
        self._has_header = False

    def write(self, samples: Samples) -> list[Packet]:
        """The samples; before the first of them the header."""
        packets = super().write(samples)
        if packets and not self._has_header:
            self._has_header = True
            first = packets[0]
            packets[0] = Packet(streamed_wav_header(self.sample_rate) + first.data, first.duration_ms)
        return packets

    def finish(self) -> list[Packet]:
        """The header, if no samples came: a file without sound."""
        if self._has_header:
            return []
        self._has_header = True
        return [Packet(streamed_wav_header(self.sample_rate), 0.0)]


class AudioEncoder:
    """Encodes one spoken item: loudness, sample rate, codec and packet size as in ``output_audio``."""

    def __init__(self, encoder: Encoder, loudness_rate: int) -> None:
        self._encoder = encoder
        self._loudness_rate = loudness_rate
        self._resampler: Resampler | None = None
        self._from_rate = 0

    def encode(self, samples: Samples, sample_rate: int) -> list[Packet]:
        """Feed ``samples`` (mono, -1 to 1, at ``sample_rate`` Hz); return the packets that they complete.

        The sample rate may change from call to call.
        """
        packets = []
        if self._resampler is None or sample_rate != self._from_rate:
            packets = self._finish_rate()
            self._resampler = open_resampler(sample_rate, self._encoder.sample_rate)
            self._from_rate = sample_rate
        return packets + self._write(self._resampler.feed(amplify(samples, self._loudness_rate)))

    def flush(self) -> list[Packet]:
        """End a sentence: return all buffered audio, the last frame padded with silence."""
        return self._finish_rate() + self._encoder.finish()

    def close(self) -> None:
        """Free the codec. No call may follow."""
        self._resampler = None
        self._encoder.close()

    def _finish_rate(self) -> list[Packet]:
        """The rest of the audio at the previous rate."""
        return [] if self._resampler is None else self._write(self._resampler.flush())

    def _write(self, samples: Samples) -> list[Packet]:
        if self._loudness_rate > 0:
            samples = soften_peaks(samples)
        return self._encoder.write(samples)


def open_encoder(output_audio: OutputAudio) -> AudioEncoder:
    """An encoder for one spoken item. G.711 is at 8000 Hz whatever ``pcm_config`` says (uplink.md)."""
    return AudioEncoder(_open_codec(output_audio), output_audio.loudness_rate)


def open_file_encoder(file_format: FileFormat, sample_rate: int, loudness_rate: int = 0) -> AudioEncoder:
    """An encoder for a text as one file at ``sample_rate`` Hz: flush it once, at the end of the text.

    The packets joined are the file; ``pcm`` is bare samples, ``wav`` the same behind a header that leaves the length
    open. Ogg Opus takes the next rate that Opus has.
    """
    match file_format:
        case "pcm":
            codec: Encoder = PcmEncoder(sample_rate, 2, bytes_from_float, None)
        case "wav":
            codec = StreamedWavEncoder(sample_rate)
        case "mp3":
            codec = Mp3Encoder(Mp3Config(sample_rate=sample_rate))
        case "ogg_opus":
            codec = ogg_opus_encoder(sample_rate)
        case "aac":
            codec = aac_encoder(sample_rate)
        case "flac":
            codec = flac_encoder(sample_rate)
    return AudioEncoder(codec, loudness_rate)


def _open_codec(output_audio: OutputAudio) -> Encoder:
    pcm = output_audio.pcm_config
    match output_audio.codec:
        case "pcm":
            return PcmEncoder(pcm.sample_rate, 2, bytes_from_float, pcm.frame_size_ms)
        case "g711a":
            return PcmEncoder(G711_RATE, 1, _alaw_from_float, pcm.frame_size_ms)
        case "g711u":
            return PcmEncoder(G711_RATE, 1, _mulaw_from_float, pcm.frame_size_ms)
        case "opus":
            return OpusEncoder(output_audio.opus_config)
        case "mp3":
            return Mp3Encoder(output_audio.mp3_config)


def _alaw_from_float(samples: Samples) -> bytes:
    return g711.encode_alaw(int16_from_float(samples))


def _mulaw_from_float(samples: Samples) -> bytes:
    return g711.encode_mulaw(int16_from_float(samples))
