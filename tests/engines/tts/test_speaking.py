"""What the models on this machine share: pieces, the pauses between them, and what is done to a model's sound."""

from collections.abc import Iterator

import numpy as np

from kouyu.engines.tts.engine import SynthesisOptions
from kouyu.engines.tts.prosody import prosody_of
from kouyu.engines.tts.speaking import spoken_in_pieces, with_prosody

RATE = 16_000
TONE = np.sin(2 * np.pi * 220 * np.arange(RATE // 4) / RATE).astype(np.float32) * np.float32(0.5)
SILENCE = np.zeros(RATE // 4, np.float32)


def pieces(text: str, *, speed: float = 1.0, mute: str = "") -> tuple[list[str], list[np.ndarray]]:
    """What was said, and the sound of it."""
    said: list[str] = []

    def say(piece: str) -> Iterator[np.ndarray]:
        said.append(piece)
        yield SILENCE if mute and mute in piece else TONE

    spoken = list(spoken_in_pieces(text, say, first_words=2.0, speed=speed, sample_rate=RATE))
    assert {each.sample_rate for each in spoken} <= {RATE}
    return said, [each.samples for each in spoken]


def pause(samples: np.ndarray) -> int:
    """Samples of silence before the tone, whose first sample is 0 itself."""
    return int(np.flatnonzero(samples)[0]) - 1


def test_a_pause_stands_between_pieces_and_not_around_them() -> None:
    said, sounds = pieces("Well, then. It is a very long way to the sea, and nobody has ever walked there.")
    assert len(said) == len(sounds) > 2
    assert pause(sounds[0]) == 0
    assert all(pause(sound) > 0 for sound in sounds[1:])
    assert all(np.array_equal(sound[-len(TONE) :], TONE) for sound in sounds)


def test_who_speaks_faster_pauses_for_less_time() -> None:
    text = "Well, then. It is a very long way to the sea."
    _, slow = pieces(text)
    _, fast = pieces(text, speed=2.0)
    assert abs(pause(slow[1]) - 2 * pause(fast[1])) <= 1


def test_a_piece_without_sound_is_left_out() -> None:
    said, sounds = pieces("Well, then. It is a very long way to the sea.", mute="then")
    assert len(sounds) == len(said) - 1


def test_what_a_model_gives_loses_the_silence_around_it_in_parts_as_in_one() -> None:
    whole = np.concatenate((SILENCE, TONE, TONE, SILENCE))
    plain = prosody_of(SynthesisOptions(voice_id="any"))
    parts = np.concatenate(list(with_prosody(np.array_split(whole, 7), plain, RATE)))
    assert np.allclose(parts, np.concatenate(list(with_prosody([whole], plain, RATE))), atol=1e-6)
    assert 2 * len(TONE) <= len(parts) < len(whole)
