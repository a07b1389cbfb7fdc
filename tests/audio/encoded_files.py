"""Audio files of every kind that clients send, made by FFmpeg."""

import io
from typing import Final

import av
import numpy as np

from kouyu.audio.pcm import Samples
from kouyu.audio.wav import encode_wav
from tests.audio.ffmpeg import audio_stream, write_whole
from tests.audio.signals import speech_like

_CODECS: Final = {
    "mp3": "libmp3lame",
    "ogg": "libopus",
    "webm": "libopus",
    "flac": "flac",
    "ipod": "aac",
    "adts": "aac",
}
"""By FFmpeg's name of the container."""
_PAGES: Final = {"page_duration": "20000"}


def encoded_file(container: str, samples: Samples, sample_rate: int, codec: str = "") -> bytes:
    """A file with the samples in it."""
    content = io.BytesIO()
    with av.open(content, "w", format=container, options=_PAGES if container == "ogg" else {}) as file:
        stream = audio_stream(file, codec or _CODECS[container], sample_rate)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.reshape(1, -1)), "fltp", "mono")
        frame.sample_rate, frame.pts = sample_rate, 0
        write_whole(file, stream, [frame])
    return content.getvalue()


FILES: Final = {
    "aac": encoded_file("adts", speech_like(2, 24_000), 24_000),
    "flac": encoded_file("flac", speech_like(2, 24_000), 24_000),
    "m4a": encoded_file("ipod", speech_like(2, 24_000), 24_000),
    "mp3": encoded_file("mp3", speech_like(2, 24_000), 24_000),
    "ogg": encoded_file("ogg", speech_like(2, 48_000), 48_000),
    "wav": encode_wav(speech_like(2, 24_000), 24_000),
    "webm": encoded_file("webm", speech_like(2, 48_000), 48_000),
}
"""Two seconds each."""
