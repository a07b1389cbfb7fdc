import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.audio.pcm import (
    Encoding,
    PcmFormat,
    PcmReader,
    bytes_from_float,
    float_from_int16,
    int16_from_float,
    silence,
)


def test_every_16_bit_value_survives_the_way_to_float_and_back() -> None:
    values = np.arange(-32768, 32768).astype(np.int16)
    assert np.array_equal(int16_from_float(float_from_int16(values)), values)


def test_what_is_too_loud_is_clipped_and_does_not_wrap() -> None:
    assert int16_from_float(np.array([2.0, 1.0, -1.0, -7.5], np.float32)).tolist() == [32767, 32767, -32768, -32768]


def test_silence_is_as_long_as_asked() -> None:
    assert len(silence(300, 24_000)) == 7_200
    assert not silence(300, 24_000).any()


def test_pcm16_is_little_endian() -> None:
    assert bytes_from_float(np.array([1 / 32768, -1 / 32768], np.float32)) == b"\x01\x00\xff\xff"


@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        ("unsigned8", b"\x00\x80\xc0\xff", [-1.0, 0.0, 0.5, 127 / 128]),
        ("signed16", b"\x00\x80\x00\x00\x00\x40", [-1.0, 0.0, 0.5]),
        ("signed24", b"\x00\x00\x80\x00\x00\x00\x00\x00\x40\x01\x00\x00", [-1.0, 0.0, 0.5, 2**-23]),
        ("signed32", b"\x00\x00\x00\x80\x00\x00\x00\x40", [-1.0, 0.5]),
        ("float32", np.array([0.25, -0.5], "<f4").tobytes(), [0.25, -0.5]),
        ("float64", np.array([0.25, -0.5], "<f8").tobytes(), [0.25, -0.5]),
    ],
)
def test_each_linear_form_has_its_known_values(encoding: Encoding, data: bytes, expected: list[float]) -> None:
    assert PcmReader(PcmFormat(encoding, 16_000, 1)).read(data).tolist() == expected


def test_float_samples_that_are_no_numbers_become_silence_or_full_scale() -> None:
    data = np.array([np.nan, np.inf, -np.inf, 3.0], "<f4").tobytes()
    assert PcmReader(PcmFormat("float32", 16_000, 1)).read(data).tolist() == [0.0, 1.0, -1.0, 1.0]


def test_two_channels_are_mixed_down_by_their_mean() -> None:
    left_and_right = np.array([16384, 0, -8192, 8192], "<i2").tobytes()
    assert PcmReader(PcmFormat("signed16", 16_000, 2)).read(left_and_right).tolist() == [0.25, 0.0]


@given(data=st.binary(max_size=200), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5))
@pytest.mark.parametrize(("encoding", "channels"), [("signed24", 2), ("signed16", 1), ("unsigned8", 2)])
def test_a_piece_may_end_in_the_middle_of_a_sample(
    encoding: Encoding, channels: int, data: bytes, sizes: list[int]
) -> None:
    whole = PcmReader(PcmFormat(encoding, 16_000, channels)).read(data)
    reader, pieces, at = PcmReader(PcmFormat(encoding, 16_000, channels)), [np.zeros(0, np.float32)], 0
    for turn in range(len(data)):
        size = sizes[turn % len(sizes)]
        pieces.append(reader.read(data[at : at + size]))
        at += size
    assert np.array_equal(np.concatenate(pieces), whole)
