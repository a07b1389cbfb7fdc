"""Emotions and directions for voices without their own: changes of speed, pitch and volume."""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.audio.loudness import soften_peaks
from kouyu.engines.tts.directions import directions_in
from kouyu.engines.tts.engine import Emotion, SynthesisOptions

SLOWEST: Final = 0.5
FASTEST: Final = 2.0
"""Limits of the speed of speech."""


class Prosody(msgspec.Struct, frozen=True):
    """Speed (factor), pitch and volume of a piece. 1.0, 0.0 and 0.0 leave the voice unchanged."""

    speed: float = 1.0
    semitones: float = 0.0
    decibels: float = 0.0

    @property
    def pitch(self) -> float:
        """Factor of the pitch."""
        return float(2 ** (self.semitones / 12))

    @property
    def model_speed(self) -> float:
        """The speed to request from the model, so that the result is at ``speed`` after ``applied``."""
        return min(max(self.speed / self.pitch, SLOWEST / self.pitch), FASTEST / self.pitch)

    def applied(self, samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
        """Apply pitch and volume to a whole piece of the model's speech; peaks are softened to stay within -1 to 1."""
        if self.semitones:
            import soxr

            samples = soxr.resample(samples, round(sample_rate * self.pitch), sample_rate)
        gain = np.float32(10 ** (self.decibels / 20))
        return soften_peaks(samples * gain)


_AT_DEFAULT_SCALE: Final[dict[str, tuple[str, Prosody]]] = {
    "happy": ("Happy", Prosody(1.06, 1.2, 1.0)),
    "sad": ("Sad", Prosody(0.87, -1.0, -3.0)),
    "angry": ("Angry", Prosody(1.08, 0.5, 3.0)),
    "surprised": ("Surprised", Prosody(1.03, 2.0, 1.0)),
    "fear": ("Fear", Prosody(1.12, 1.4, -2.0)),
    "hate": ("Disgust", Prosody(0.94, -0.8, 1.0)),
    "excited": ("Excited", Prosody(1.14, 1.8, 2.0)),
    "coldness": ("Coldness", Prosody(0.95, -0.7, -1.0)),
    "neutral": ("Neutral", Prosody()),
}
"""The protocol's emotions (uplink.md, output_audio) at strength 4."""

EMOTIONS: Final = tuple(Emotion(emotion=name, display_name=shown) for name, (shown, _) in _AT_DEFAULT_SCALE.items())
"""The emotions that a voice with this prosody lists."""

DEFAULT_SCALE: Final = 4.0
SCALE_RANGE: Final = (1.0, 5.0)


def prosody_of(options: SynthesisOptions, *, gain_decibels: float = 0.0) -> Prosody:
    """The prosody for these options, context texts included, on top of a voice's own gain. An unknown emotion is
    neutral."""
    _, emotion = _AT_DEFAULT_SCALE.get(options.emotion, ("", Prosody()))
    low, high = SCALE_RANGE
    strength = min(max(options.emotion_scale, low), high) / DEFAULT_SCALE
    told = directions_in(options.context_texts)
    return Prosody(
        speed=speed_of(options.speech_rate) * emotion.speed**strength * told.speed,
        semitones=emotion.semitones * strength + told.semitones,
        decibels=emotion.decibels * strength + told.decibels + gain_decibels,
    )


def speed_of(speech_rate: int) -> float:
    """The factor of a ``speech_rate``: -50 is 0.5, 0 is 1.0, 100 is 2.0; values outside are clamped."""
    return min(max(1 + speech_rate / 100, SLOWEST), FASTEST)
