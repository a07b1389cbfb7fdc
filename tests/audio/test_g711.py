from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.audio import g711
from kouyu.audio.pcm import Samples, int16_from_float
from tests.audio.ffmpeg import audio_codec

Decode = Callable[[bytes], Samples]
Encode = Callable[[NDArray[np.int16]], bytes]
EVERY_CODE = bytes(range(256))


def ffmpeg_decoded(codec: str, data: bytes) -> np.ndarray:
    context = audio_codec(codec, "r", 8_000)
    return np.concatenate([frame.to_ndarray().ravel() for frame in context.decode(av.Packet(data))])


def ffmpeg_encoded(codec: str, values: np.ndarray) -> bytes:
    context = audio_codec(codec, "w", 8_000)
    context.time_base = Fraction(1, 8_000)
    frame = av.AudioFrame.from_ndarray(values.reshape(1, -1), "s16", "mono")
    frame.sample_rate = 8_000
    return b"".join(bytes(packet) for packet in context.encode(frame))


@pytest.mark.parametrize(("decode", "codec"), [(g711.decode_alaw, "pcm_alaw"), (g711.decode_mulaw, "pcm_mulaw")])
def test_every_code_has_the_value_that_ffmpeg_gives_it(decode: Decode, codec: str) -> None:
    assert int16_from_float(decode(EVERY_CODE)).tolist() == ffmpeg_decoded(codec, EVERY_CODE).tolist()


def test_the_corners_of_the_tables_are_those_of_the_standard() -> None:
    assert (g711.decode_mulaw(b"\x00\x80\x7f\xff") * 32768).tolist() == [-32124, 32124, 0, 0]
    assert (g711.decode_alaw(b"\xaa\x2a\xd5\x55") * 32768).tolist() == [32256, -32256, 8, -8]


@pytest.mark.parametrize(
    ("encode", "decode", "codec"),
    [(g711.encode_alaw, g711.decode_alaw, "pcm_alaw"), (g711.encode_mulaw, g711.decode_mulaw, "pcm_mulaw")],
)
def test_every_value_is_encoded_at_least_as_closely_as_by_ffmpeg(encode: Encode, decode: Decode, codec: str) -> None:
    values = np.arange(-32768, 32768).astype(np.int16)
    ours = np.abs(decode(encode(values)) * 32768 - values)
    theirs = np.abs(decode(ffmpeg_encoded(codec, values)) * 32768 - values)
    assert (ours <= theirs).all()


@pytest.mark.parametrize(
    ("encode", "decode"), [(g711.encode_alaw, g711.decode_alaw), (g711.encode_mulaw, g711.decode_mulaw)]
)
def test_what_was_decoded_encodes_to_a_code_of_the_same_value(encode: Encode, decode: Decode) -> None:
    again = encode(int16_from_float(decode(EVERY_CODE)))
    assert decode(again).tolist() == decode(EVERY_CODE).tolist()


def test_silence_has_the_codes_that_telephony_expects() -> None:
    nothing = np.zeros(1, np.int16)
    assert g711.encode_mulaw(nothing) == b"\xff"
    assert g711.encode_alaw(nothing) == b"\xd5"
