"""FFmpeg's codecs of sound by PyAV, as the types they have: PyAV tells the kind only of those it knows by name."""

from collections.abc import Iterable, Iterator
from typing import Literal

import av
from av.container import OutputContainer


def audio_codec(name: str, mode: Literal["r", "w"], rate: int) -> av.AudioCodecContext:
    """A decoder ("r") or an encoder ("w", of 16 bit samples) of one channel at ``rate`` Hz, by FFmpeg's name."""
    codec = av.CodecContext.create(name, mode)
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate, codec.layout = rate, "mono"
    if mode == "w":
        codec.format = "s16"
    return codec


def audio_stream(file: OutputContainer, codec: str, rate: int, layout: str = "mono") -> av.AudioStream:
    """A new stream of the file, by FFmpeg's name of its codec."""
    stream = file.add_stream(codec, rate=rate, layout=layout)
    assert isinstance(stream, av.AudioStream)
    return stream


def write_whole(file: OutputContainer, stream: av.AudioStream, frames: Iterable[av.AudioFrame]) -> None:
    """Encodes the frames to the end, whatever format, layout and length they have."""
    for frame in _as_the_codec_takes_them(stream, frames):
        file.mux(stream.encode(frame))


def _as_the_codec_takes_them(stream: av.AudioStream, frames: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame | None]:
    codec = stream.codec_context
    resampler = av.AudioResampler(codec.format, codec.layout, codec.sample_rate, codec.frame_size or 1024)
    for frame in (*frames, None):
        yield from resampler.resample(frame)
    yield None
