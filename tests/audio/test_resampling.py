import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.audio.pcm import Samples
from kouyu.audio.resampling import PromptResampler, Resampler, SoxrResampler, open_prompt_resampler, open_resampler
from tests.audio.signals import level_db, snr_db, speech_like

RATES = [8_000, 11_025, 12_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000]


def in_frames(resampler: Resampler, samples: Samples, frame: int) -> Samples:
    pieces = [resampler.feed(samples[at : at + frame]) for at in range(0, len(samples), frame)]
    return np.concatenate([*pieces, resampler.flush()])


@pytest.mark.parametrize("rate", RATES)
def test_the_sound_is_the_same_at_the_new_rate(rate: int) -> None:
    resampled = in_frames(PromptResampler(rate, 16_000), speech_like(1, rate), rate // 50)
    assert snr_db(speech_like(1, 16_000), resampled, edge=200) > 60


@pytest.mark.parametrize("rate", RATES)
def test_it_is_in_step_with_the_input_and_exactly_as_long(rate: int) -> None:
    resampler = PromptResampler(rate, 16_000)
    for seconds in (0.5, 0.123, 0.0):
        given_in = speech_like(seconds, rate)
        out = in_frames(resampler, given_in, rate // 50)
        assert abs(len(out) - len(given_in) * 16_000 / rate) < 1


@pytest.mark.parametrize("rate", RATES)
def test_it_is_at_most_three_milliseconds_behind(rate: int) -> None:
    resampler = PromptResampler(rate, 16_000)
    given_out = 0
    for frame in range(1, 50):
        given_out += len(resampler.feed(np.zeros(rate // 50, np.float32)))
        assert frame * (rate // 50) / rate - given_out / 16_000 < 0.0031


def test_what_lies_above_the_new_band_does_not_fold_into_it() -> None:
    time = np.arange(48_000) / 48_000
    for hz in (8_500, 10_000, 12_500, 16_000, 20_000):
        tone = np.sin(2 * np.pi * hz * time).astype(np.float32)
        alias = in_frames(PromptResampler(48_000, 16_000), tone, 960)[200:-200]
        assert level_db(alias) < level_db(tone) - 60


@pytest.mark.parametrize("rate", RATES)
@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 3_000), min_size=1, max_size=6))
def test_how_the_input_is_cut_makes_no_difference(rate: int, sizes: list[int]) -> None:
    samples = speech_like(0.3, rate)
    at_once = in_frames(PromptResampler(rate, 16_000), samples, len(samples))
    resampler, pieces, at, turn = PromptResampler(rate, 16_000), [], 0, 0
    while at < len(samples):
        size = sizes[turn % len(sizes)]
        pieces.append(resampler.feed(samples[at : at + size]))
        at, turn = at + size, turn + 1
    pieces.append(resampler.flush())
    np.testing.assert_allclose(np.concatenate(pieces), at_once, atol=1e-6)


@pytest.mark.parametrize("kind", [PromptResampler, SoxrResampler])
def test_after_a_flush_a_new_stream_begins(kind: type[PromptResampler] | type[SoxrResampler]) -> None:
    resampler = kind(24_000, 16_000)
    samples = speech_like(0.2, 24_000)
    first = in_frames(resampler, samples, 480)
    assert np.array_equal(in_frames(resampler, samples, 480), first)


def test_a_very_long_piece_is_no_different() -> None:
    samples = speech_like(4, 48_000)
    at_once = in_frames(PromptResampler(48_000, 16_000), samples, len(samples))
    np.testing.assert_allclose(at_once, in_frames(PromptResampler(48_000, 16_000), samples, 960), atol=1e-6)


def test_equal_rates_change_nothing() -> None:
    samples = speech_like(0.1, 16_000)
    for resampler in (open_resampler(16_000, 16_000), open_prompt_resampler(16_000, 16_000)):
        assert np.array_equal(in_frames(resampler, samples, 320), samples)


def test_odd_rates_that_would_need_a_huge_filter_are_left_to_soxr() -> None:
    resampler = open_prompt_resampler(44_101, 16_000)
    assert isinstance(resampler, SoxrResampler)
    assert snr_db(speech_like(1, 16_000), in_frames(resampler, speech_like(1, 44_101), 882), edge=200) > 60
