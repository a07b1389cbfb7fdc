"""The same sound in every format a client may send, made by FFmpeg rather than by kouyu's own code."""

import io
from typing import Final

import av
import numpy as np
import soxr

from kouyu.audio.pcm import Samples
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.audio.ffmpeg import audio_codec, audio_stream
from tests.audio.signals import cut, packed

_CODECS: Final = {8: "pcm_u8", 16: "pcm_s16le", 24: "pcm_s24le"}


def pcm(samples: Samples, rate: int = SPEECH_RATE, bit_depth: int = 16, channels: int = 1) -> list[bytes]:
    """PCM in pieces whose length is no multiple of a sample's."""
    data = packed(np.repeat(resampled(samples, rate), channels), bit_depth)
    return cut(data, [1601])


def wav(samples: Samples, rate: int, bit_depth: int, channels: int, sizes: list[int]) -> list[bytes]:
    """A WAV file in pieces of these sizes over and over."""
    return cut(_container("wav", _CODECS[bit_depth], resampled(samples, rate), rate, channels), sizes)


def ogg_opus(samples: Samples, sizes: list[int]) -> list[bytes]:
    """An Ogg file with Opus in pieces of these sizes over and over."""
    return cut(_container("ogg", "libopus", resampled(samples, 48_000), 48_000, 1), sizes)


def opus_packets(samples: Samples, rate: int = 16_000, frame_ms: int = 20) -> list[bytes]:
    """Raw packets."""
    codec = audio_codec("libopus", "w", rate)
    codec.bit_rate = 24_000
    codec.options = {"frame_duration": str(frame_ms), "application": "voip"}
    return _packets(codec, resampled(samples, rate), rate, rate * frame_ms // 1000)


def g711(samples: Samples, codec: str) -> list[bytes]:
    """8000 Hz A-law ("g711a") or mu-law ("g711u") in pieces of 20 ms."""
    context = audio_codec({"g711a": "pcm_alaw", "g711u": "pcm_mulaw"}[codec], "w", 8000)
    return _packets(context, resampled(samples, 8000), 8000, 160)


def resampled(samples: Samples, rate: int) -> Samples:
    """The question at another rate."""
    sound: Samples = soxr.resample(samples, SPEECH_RATE, rate).astype(np.float32)
    return np.clip(sound, -1, 1)


def _frame(samples: Samples, rate: int, channels: int = 1) -> av.AudioFrame:
    values = np.repeat(np.rint(samples * 32767).astype(np.int16), channels).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(values, "s16", "stereo" if channels == 2 else "mono")
    frame.sample_rate = rate
    return frame


def _packets(codec: av.AudioCodecContext, samples: Samples, rate: int, size: int) -> list[bytes]:
    whole = samples[: len(samples) // size * size].reshape(-1, size)
    packets = [bytes(packet) for piece in whole for packet in codec.encode(_frame(piece, rate))]
    return packets + [bytes(packet) for packet in codec.encode(None)]


def _container(format_: str, codec: str, samples: Samples, rate: int, channels: int) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=format_) as container:
        stream = audio_stream(container, codec, rate, "stereo" if channels == 2 else "mono")
        for start in range(0, len(samples), 960):
            for packet in stream.encode(_frame(samples[start : start + 960], rate, channels)):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return file.getvalue()
