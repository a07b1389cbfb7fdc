"""How a model on this machine speaks a text: in pieces, with pauses between them, and with the pitch that is asked."""

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
    """What ``say`` gives for each piece of the text, without silence around it, and pauses between the pieces.

    The first piece has about ``first_words`` words, so that it is there soon. A pause comes with the speech behind it;
    there is none after a piece that gave no sound, nor at the end.
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
    """Speech as a model gives it, part by part, without the silence around it and with volume and pitch as asked."""
    trimming = Trimming(sample_rate)
    if prosody.semitones:
        # The pitch is changed by resampling, which would leave a seam between parts.
        yield prosody.applied(np.concatenate([*map(trimming.feed, parts), trimming.end()]), sample_rate)
        return
    for part in parts:
        yield prosody.applied(trimming.feed(part), sample_rate)
    yield prosody.applied(trimming.end(), sample_rate)
