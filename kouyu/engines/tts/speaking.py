"""Speaks a text with a local model: in pieces, with pauses between them, and with the requested pitch."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from kouyu.audio.pcm import silence
from kouyu.engines.tts.clauses import pause_after, speech_pieces
from kouyu.engines.tts.edges import Trimming
from kouyu.engines.tts.engine import AudioPiece
from kouyu.engines.tts.prosody import Prosody


def spoken_in_pieces(
    text: str,
    say: Callable[[str], Iterable[NDArray[np.float32]]],
    *,
    first_words: float,
    speed: float,
    sample_rate: int,
) -> Iterator[AudioPiece]:
    """Yield the audio of ``say`` for each piece of the text, trimmed, with pauses between the pieces.

    The first piece has about ``first_words`` words, for low latency. A pause is part of the audio that follows it;
    there is none after a piece without sound, nor at the end.
    """
    pause_s = 0.0
    for piece in speech_pieces(text, first=first_words):
        spoken = False
        for samples in say(piece):
            if not samples.any():
                continue
            if not spoken and pause_s:
                samples = np.concatenate((silence(1000 * pause_s, sample_rate), samples))
            spoken = True
            yield AudioPiece(samples, sample_rate)
        if spoken:
            pause_s = pause_after(piece) / speed


def with_prosody(
    parts: Iterable[NDArray[np.float32]], prosody: Prosody, sample_rate: int
) -> Iterator[NDArray[np.float32]]:
    """Trim a model's speech part by part, and apply the requested volume and pitch."""
    trimming = Trimming(sample_rate)
    if prosody.semitones:
        # The pitch is changed by resampling, which would click between parts.
        yield prosody.applied(np.concatenate([*map(trimming.feed, parts), trimming.end()]), sample_rate)
        return
    for part in parts:
        yield prosody.applied(trimming.feed(part), sample_rate)
    yield prosody.applied(trimming.end(), sample_rate)
