import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kouyu.audio.pcm import Samples
from kouyu.audio.timeline import AudioTimeline
from kouyu.session.recognised_audio import RecognisedAudio

BEHIND = 10


class Negating:
    """Noise suppression that turns samples round and keeps the last BEHIND of them until it is flushed."""

    def __init__(self) -> None:
        self._inside = np.zeros(0, np.float32)

    def feed(self, samples: Samples) -> Samples:
        inside = np.concatenate((self._inside, -samples))
        ready, self._inside = inside[: max(0, len(inside) - BEHIND)], inside[max(0, len(inside) - BEHIND) :]
        return ready

    def flush(self) -> Samples:
        rest, self._inside = self._inside, np.zeros(0, np.float32)
        return rest


def test_without_voiceprints_it_is_what_came_in_at_once() -> None:
    timeline, suppression = AudioTimeline(10), Negating()
    recognised = RecognisedAudio(timeline)
    samples = np.arange(1, 101, dtype=np.float32)
    recognised.take(samples, suppression.feed(samples), use_cleaned=False)
    assert (timeline.slice(0, 1000) == samples).all()
    assert recognised.cleaned == 90


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.booleans()), max_size=30))
def test_every_sample_keeps_its_place_however_often_they_change_over(
    pieces: list[tuple[int, bool, bool]],
) -> None:
    timeline, suppression = AudioTimeline(10), Negating()
    recognised = RecognisedAudio(timeline)
    received = 0
    for count, use_cleaned, flush in pieces:
        samples = np.arange(received + 1, received + count + 1, dtype=np.float32)
        received += count
        recognised.take(samples, suppression.feed(samples), use_cleaned=use_cleaned)
        if flush:
            recognised.take(samples[:0], suppression.flush(), use_cleaned=use_cleaned)
            assert timeline.end == received
    recognised.take(np.zeros(0, np.float32), suppression.flush(), use_cleaned=True)
    heard = timeline.slice(0, received)
    assert (np.abs(heard) == np.arange(1, received + 1)).all()
