"""WAV as clients really send it."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.audio import g711
from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import Samples, int16_from_float
from kouyu.audio.uplink_decoding import open_decoder
from kouyu.audio.wav import encode_wav
from kouyu.domain.configuration import InputAudio
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.audio.signals import cut, interleaved, packed, snr_db, speech_like

HEARD = speech_like(0.3, SPEECH_RATE)
SOUND_24K = speech_like(0.3, 24_000)


def fmt(tag: int, channels: int, rate: int, bits: int, extra: bytes = b"") -> bytes:
    width = channels * bits // 8
    content = struct.pack("<HHIIHH", tag, channels, rate, rate * width, width, bits) + extra
    return b"fmt " + struct.pack("<I", len(content)) + content


def extensible(channels: int, rate: int, bits: int, tag: int) -> bytes:
    guid = struct.pack("<H", tag) + bytes.fromhex("0000000010008000 00aa00389b71")
    return fmt(0xFFFE, channels, rate, bits, struct.pack("<HHI", 22, bits, 0) + guid)


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def riff(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def listen(*pieces: bytes, announced: InputAudio | None = None) -> Samples:
    # Announced other than what the headers say, so that a header which is not believed shows.
    decoder = open_decoder(announced or InputAudio(sample_rate=48_000, channel=2, bit_depth=8))
    return np.concatenate([*(decoder.feed(piece) for piece in pieces), decoder.flush()])


def test_the_header_wins_over_the_announced_fields() -> None:
    listened = listen(encode_wav(SOUND_24K, 24_000))
    assert len(listened) == len(HEARD)
    assert snr_db(HEARD, listened, edge=200) > 55


def test_a_header_may_be_cut_anywhere() -> None:
    data = riff(
        chunk(b"LIST", b"INFOISFT\x05\0\0\0abcd\0"), fmt(1, 1, 24_000, 16), chunk(b"data", packed(SOUND_24K, 16))
    )
    at_once = listen(data)
    assert snr_db(HEARD, at_once, edge=200) > 55
    for at in range(1, 100):
        np.testing.assert_allclose(listen(data[:at], data[at:]), at_once, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_how_a_file_is_cut_makes_no_difference(sizes: list[int]) -> None:
    data = riff(fmt(1, 1, 24_000, 24), chunk(b"data", packed(SOUND_24K[:1_001], 24)), chunk(b"LIST", b"INFO"))
    np.testing.assert_allclose(listen(*cut(data, sizes)), listen(data), atol=1e-6)


def test_one_kibibyte_pieces_as_the_python_example_sends_them() -> None:
    assert snr_db(HEARD, listen(*cut(encode_wav(SOUND_24K, 24_000), [1_024])), edge=200) > 55


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_data_of_unknown_size_continues_to_the_end(size: int) -> None:
    head = riff(fmt(1, 1, 24_000, 16), size=0xFFFFFFFF) + b"data" + struct.pack("<I", size)
    assert len(listen(head + packed(SOUND_24K, 16))) == len(HEARD)


SOUND = speech_like(0.3, 16_000)
VARIANTS = {
    "unsigned8": (fmt(1, 1, 16_000, 8), packed(SOUND, 8), 25),
    "24 bit": (fmt(1, 1, 16_000, 24), packed(SOUND, 24), 90),
    "32 bit": (fmt(1, 1, 16_000, 32), packed(SOUND, 32), 90),
    "stereo": (fmt(1, 2, 16_000, 16), packed(interleaved(SOUND * 1.5, SOUND * 0.5), 16), 55),
    "extensible": (extensible(1, 16_000, 16, tag=1), packed(SOUND, 16), 55),
    "extensible float": (extensible(1, 16_000, 32, tag=3), SOUND.astype("<f4").tobytes(), 90),
    "float32": (fmt(3, 1, 16_000, 32, b"\0\0"), SOUND.astype("<f4").tobytes(), 90),
    "float64": (fmt(3, 1, 16_000, 64), SOUND.astype("<f8").tobytes(), 90),
    "alaw": (fmt(6, 1, 16_000, 8), g711.encode_alaw(int16_from_float(SOUND)), 30),
    "mulaw": (fmt(7, 1, 16_000, 8, b"\0\0"), g711.encode_mulaw(int16_from_float(SOUND)), 30),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_header_may_name_any_of_these_forms(variant: str) -> None:
    form, data, least_snr_db = VARIANTS[variant]
    listened = listen(riff(form, chunk(b"fact", b"\0\0\0\0"), chunk(b"data", data)))
    assert len(listened) == len(SOUND)
    assert snr_db(SOUND, listened) > least_snr_db


def test_without_a_header_the_bytes_are_samples_as_announced() -> None:
    announced = InputAudio(sample_rate=48_000)
    data = packed(speech_like(0.3, 48_000), 16)
    for pieces in ([data], cut(data, [1]), cut(data, [2_048])):
        assert snr_db(HEARD, listen(*pieces, announced=announced), edge=200) > 55


@given(data=st.binary(min_size=1, max_size=40))
def test_no_byte_of_a_stream_without_a_header_is_lost(data: bytes) -> None:
    start = b"RIFF"[: len(data) % 4] + data
    listened = listen(*cut(start, [3]), announced=InputAudio(sample_rate=16_000, bit_depth=8))
    assert len(listened) == len(start)


def test_another_file_may_follow_at_once() -> None:
    first, second = encode_wav(speech_like(0.3, 24_000), 24_000), encode_wav(speech_like(0.3, 8_000), 8_000)
    for pieces in ([first + second], [first, second], cut(first + second, [7])):
        listened = listen(*pieces)
        assert len(listened) == 2 * len(HEARD)
        assert snr_db(HEARD, listened[: len(HEARD)], edge=200) > 55
        assert snr_db(HEARD, listened[len(HEARD) :], edge=200) > 55


@pytest.mark.parametrize("cut_at", range(1, 50))
def test_a_new_file_at_the_start_of_a_piece_ends_one_of_unknown_length(cut_at: int) -> None:
    endless = riff(fmt(1, 1, 24_000, 16)) + b"data\xff\xff\xff\xff" + packed(SOUND_24K, 16)
    second = encode_wav(speech_like(0.3, 8_000), 8_000)
    listened = listen(endless, second[:cut_at], second[cut_at:])
    assert len(listened) == 2 * len(HEARD)
    assert snr_db(HEARD, listened[len(HEARD) :], edge=200) > 55


def test_a_new_file_may_follow_one_broken_off_in_its_header() -> None:
    broken_off = riff(fmt(1, 1, 16_000, 8), b"LIST\x00\x10\0\0INFO")
    assert len(listen(broken_off, encode_wav(SOUND_24K, 24_000))) == len(HEARD)


def test_chunks_behind_the_data_are_not_heard() -> None:
    odd = packed(SOUND[:-1], 8)
    tail = chunk(b"LIST", b"INFOICMT\x04\0\0\0\x7f\x80\x7f\x80" * 50) + chunk(b"id3 ", b"\x7f" * 31)
    file = riff(fmt(1, 1, 16_000, 8), chunk(b"data", odd), tail)
    assert len(listen(file)) == len(odd)
    assert len(listen(*cut(file, [5]))) == len(odd)
    assert len(listen(file + file)) == 2 * len(odd)


def test_audio_that_continues_behind_the_announced_size_is_heard() -> None:
    head = riff(fmt(1, 1, 24_000, 16)) + b"data" + struct.pack("<I", 4_800)
    listened = listen(*cut(head + packed(SOUND_24K, 16), [1_000]))
    assert len(listened) == len(HEARD)
    assert snr_db(HEARD, listened, edge=200) > 55


def test_the_next_buffer_may_bring_a_header_or_continue_without() -> None:
    decoder = open_decoder(InputAudio(sample_rate=48_000))
    file = encode_wav(SOUND_24K, 24_000)
    for data in (file, packed(SOUND_24K, 16), file):
        listened = np.concatenate([decoder.feed(data), decoder.flush()])
        assert len(listened) == len(HEARD)
        assert snr_db(HEARD, listened, edge=200) > 55


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (riff(fmt(2, 1, 16_000, 4), b"data\0\0\0\0"), "format tag 2"),
        (riff(fmt(1, 0, 16_000, 16), b"data\0\0\0\0"), "0 channels"),
        (riff(fmt(1, 1, 1, 16), b"data\0\0\0\0"), "at 1 Hz"),
        (riff(b"data\0\0\0\0"), "no fmt"),
        (riff(chunk(b"fmt ", b"\x01\0")), "cut off"),
        (riff(b"fmt \xff\xff\xff\xff"), "chunk of"),
        (riff(b"LIST\xff\xff\xff\x7f"), "chunk of"),
    ],
)
def test_a_header_that_cannot_be_used_is_reported_once_and_its_audio_not_heard(head: bytes, why: str) -> None:
    decoder = open_decoder(InputAudio())
    with pytest.raises(UndecodableAudio, match=why):
        decoder.feed(head)
    assert len(decoder.feed(b"\x11\x22" * 100)) == 0
    # The connection lives on: the next file is heard.
    assert len(decoder.feed(encode_wav(SOUND_24K, 24_000))) > 4_000


def test_after_a_refused_file_the_next_buffer_is_heard() -> None:
    decoder = open_decoder(InputAudio(sample_rate=16_000))
    with pytest.raises(UndecodableAudio):
        decoder.feed(riff(fmt(0x55, 1, 16_000, 16)))
    decoder.flush()
    assert len(decoder.feed(packed(SOUND, 16))) == len(SOUND)
