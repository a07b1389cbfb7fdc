import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.audio.pcm import Samples
from kouyu.engines.denoise.webrtc import WebRtcStream, WebRtcSuppressor

RATE = 16_000
LONGEST_INSIDE = RATE * 20 // 1000


def noise(seconds: float, level: float = 0.02) -> Samples:
    return np.random.default_rng(3).normal(0, level, int(seconds * RATE)).astype(np.float32)


def bursts(seconds: float) -> Samples:
    """A rising tone that comes and goes, so that it is no steady noise."""
    time = np.arange(int(seconds * RATE)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * (300 + 200 * time) * time) * (np.sin(2 * np.pi * 3 * time) > 0)
    return tone.astype(np.float32)


def cleaned(stream: WebRtcStream, samples: Samples) -> Samples:
    return np.concatenate((stream.feed(samples), stream.flush()))


def level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2)))


def test_steady_noise_goes_down_by_10_db() -> None:
    hissing = noise(3)
    assert level_db(cleaned(WebRtcSuppressor().open(), hissing)[RATE:]) < level_db(hissing) - 10


def test_sounds_that_change_stay_and_stay_in_their_place() -> None:
    sound = bursts(4)
    heard = cleaned(WebRtcSuppressor().open(), sound)
    shifts = range(-20, 21)
    fit = [float(heard[RATE:-RATE] @ np.roll(sound, shift)[RATE:-RATE]) for shift in shifts]
    assert shifts[int(np.argmax(fit))] == 0
    assert abs(level_db(heard) - level_db(sound)) < 1.5


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1500), st.booleans()), max_size=12))
def test_no_sample_is_lost_or_added_however_the_audio_is_cut(pieces: list[tuple[int, bool]]) -> None:
    stream = WebRtcSuppressor().open()
    fed = given_out = 0
    for length, flushed in pieces:
        given_out += len(stream.feed(noise(2)[:length]))
        fed += length
        if flushed:
            given_out += len(stream.flush())
            assert given_out == fed
        assert 0 <= fed - given_out <= LONGEST_INSIDE
    assert given_out + len(stream.flush()) == fed


def test_how_the_audio_is_cut_changes_nothing() -> None:
    sound = bursts(1) + noise(1)
    whole = WebRtcSuppressor().open().feed(sound)
    stream = WebRtcSuppressor().open()
    pieces = [stream.feed(sound[at : at + 317]) for at in range(0, len(sound), 317)]
    assert np.array_equal(np.concatenate(pieces), whole[: sum(map(len, pieces))])


def test_what_was_learnt_of_the_noise_outlives_a_flush() -> None:
    stream, hissing = WebRtcSuppressor().open(), noise(3)
    cleaned(stream, hissing)
    again = cleaned(stream, hissing[: RATE // 5])
    assert level_db(again) < level_db(hissing) - 10


def test_streams_do_not_hear_one_another() -> None:
    suppressor = WebRtcSuppressor()
    alone, beside, other = suppressor.open(), suppressor.open(), suppressor.open()
    sound = bursts(0.5)
    for at in range(0, len(sound), 160):
        piece = sound[at : at + 160]
        other.feed(noise(0.01, 0.2))
        assert np.array_equal(alone.feed(piece), beside.feed(piece))
