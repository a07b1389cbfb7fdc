"""Compares the speaker encoders on people's voices: short speech against the voiceprint of 8 s.

    python -m evals.speaker_encoders

Shows the equal error rates in quiet, in pink noise and over a telephone (8 kHz, G.711), and the processor time. The
voices are those of ``evals.voiceprint_people``. One woman speaks English and Spanish: her pairs of both languages are
shown alone. Speech and enrolments come at levels of -32 to -18 dBFS.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from evals.gender import Surroundings, in_noise
from evals.voiceprint import ENCODERS, open_encoder
from evals.voiceprint_people import people
from evals.voiceprint_voices import Audio
from kouyu.audio.g711 import decode_mulaw, encode_mulaw
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.blas import use_one_blas_thread
from kouyu.engines.voiceprint.onnx_encoder import OnnxSpeakerEncoder
from kouyu.engines.voiceprint.pause_removal import speech_only

SPEECH_SECONDS: Final = (0.6, 1.0, 2.0, 3.0)
ENROLLED_S: Final = 8
PROMPTS: Final = 120
"""Of each person and language."""
TURNS: Final = 24
ENROLMENTS: Final = 6
_TELEPHONE_HZ: Final = 8_000

Voice = tuple[str, str]
"""A person and the language."""


def over_g711(speech: Audio, _: int) -> Audio:
    """As a telephone carries it."""
    narrow = soxr.resample(speech, SPEECH_RATE, _TELEPHONE_HZ)
    carried = decode_mulaw(encode_mulaw(np.clip(np.round(narrow * 32768), -32768, 32767).astype(np.int16)))
    return np.asarray(soxr.resample(carried, _TELEPHONE_HZ, SPEECH_RATE), np.float32)


SURROUNDINGS: Final[Mapping[str, Surroundings]] = {
    "quiet": lambda speech, _: speech,
    "noise, 20 dB": in_noise(20),
    "noise, 10 dB": in_noise(10),
    "G.711, 8 kHz": over_g711,
}


def main() -> None:
    """The command line."""
    use_one_blas_thread()
    speech = {
        (person.voice, language): np.concatenate([speech_only(sound) for sound in sounds])
        for person in people(PROMPTS)
        for language, sounds in person.utterances.items()
    }
    for name in sorted(ENCODERS):
        print("\n".join(report(name, open_encoder(name), speech)), flush=True)


def report(name: str, encoder: OnnxSpeakerEncoder, speech: Mapping[Voice, Audio]) -> Iterator[str]:
    """The rates of one encoder in percent, line by line."""
    yield f"{name}: equal error rate in % (one woman in two languages against other people)"
    yield f"{'':16}" + "".join(f"{f'{seconds:g} s':>16}" for seconds in SPEECH_SECONDS)
    began, audio_s = time.process_time(), 0.0
    enrolled = {}
    for voice, sound in speech.items():
        stretches = _stretches(sound[: len(sound) // 2], ENROLLED_S, ENROLMENTS)
        enrolled[voice] = np.stack([encoder.voiceprint(one) for one in stretches])
        audio_s += ENROLLED_S * ENROLMENTS
    for surroundings, changed in SURROUNDINGS.items():
        row = []
        for seconds in SPEECH_SECONDS:
            heard = {}
            for voice, sound in speech.items():
                stretches = _stretches(sound[len(sound) // 2 :], seconds, TURNS)
                heard[voice] = np.stack([encoder.voiceprint(changed(one, seed)) for seed, one in enumerate(stretches)])
                audio_s += seconds * TURNS
            row.append("{:.1f} ({:.1f})".format(*_rates(heard, enrolled)))
        yield f"{surroundings:16}" + "".join(f"{one:>16}" for one in row)
    yield f"{(time.process_time() - began) / audio_s * 1000:.1f} ms of processor time for a second of speech"


def equal_error_rate(same: NDArray[np.float32], different: NDArray[np.float32]) -> float:
    """The share of errors where as many pairs of one speaker are rejected as pairs of two are accepted."""
    thresholds = np.sort(np.concatenate((same, different)))
    rejected = np.searchsorted(np.sort(same), thresholds) / len(same)
    accepted = 1 - np.searchsorted(np.sort(different), thresholds) / len(different)
    nearest = int(np.argmin(np.abs(rejected - accepted)))
    return float(rejected[nearest] + accepted[nearest]) / 2


def _rates(heard: Mapping[Voice, Audio], enrolled: Mapping[Voice, Audio]) -> tuple[float, float]:
    pairs: dict[str, list[NDArray[np.float32]]] = {"same": [], "two languages": [], "different": []}
    for (one, language), turns in heard.items():
        for (other, other_language), enrolments in enrolled.items():
            kind = "different" if one != other else "same" if language == other_language else "two languages"
            pairs[kind].append((turns @ enrolments.T).ravel())
    same, two_languages, different = (np.concatenate(each) for each in pairs.values())
    return equal_error_rate(same, different) * 100, equal_error_rate(two_languages, different) * 100


def _stretches(speech: Audio, seconds: float, count: int) -> Sequence[Audio]:
    size, rng = int(seconds * SPEECH_RATE), np.random.default_rng(3)
    starts = np.linspace(0, len(speech) - size, count).astype(int)
    return [_levelled(speech[start : start + size], rng.uniform(-32, -18)) for start in starts]


def _levelled(speech: Audio, dbfs: float) -> Audio:
    return np.asarray(speech * (10 ** (dbfs / 20) / np.sqrt(np.mean(np.square(speech)))), np.float32)


if __name__ == "__main__":
    main()
