"""Measures the speaker gate's comparisons: short speech against the voiceprint of 3 or 8 s, in quiet and in noise.

    python -m evals.speaker_gate --encoder campplus

Prints, for each length of speech, the equal error rate, the similarity at which errors are equal, the error rates at
the encoder's threshold (``SameSpeaker``), and the deviation of one speaker's similarities. In noise, speech and noise
pass the noise suppression first, as in a session. People and synthetic voices as in ``evals.voiceprint``; pairs of a
person and a synthetic voice are left out.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import platformdirs
from numpy.typing import NDArray

from evals.gender import in_noise
from evals.voiceprint import ENCODERS, all_speakers, equal_error, open_encoder
from evals.voiceprint_people import is_person
from evals.voiceprint_voices import Audio, Speaker
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.blas import use_one_blas_thread
from kouyu.engines.denoise.webrtc import WebRtcSuppressor
from kouyu.engines.voiceprint.onnx_encoder import OnnxSpeakerEncoder
from kouyu.engines.voiceprint.pause_removal import speech_only
from kouyu.session.noise_suppression import NoiseSuppression

SPEECH_SECONDS: Final = (0.3, 0.5, 0.8, 1.2, 1.6)
KNOWN_SECONDS: Final = (3.0, 8.0)
NOISE_DB: Final = (20, 10, 5)
EACH: Final = 8
"""Stretches of each speaker and length."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """Similarities of one speaker's speech to the own voiceprint, and to others'."""

    same: Numbers
    others: Numbers


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--encoder", choices=sorted(ENCODERS), default="campplus")
    parser.add_argument("--folder", type=Path, default=platformdirs.user_cache_path("kouyu") / "bench-voices")
    wanted = parser.parse_args()
    use_one_blas_thread()
    encoder = open_encoder(wanted.encoder)
    speakers = all_speakers(wanted.folder)
    print("\n".join(report(encoder, speakers)))


def report(encoder: OnnxSpeakerEncoder, speakers: Sequence[Speaker]) -> Iterator[str]:
    """The table, line by line."""
    known = {
        seconds: {one.voice: _voiceprints(encoder, _stretches(one, seconds, 3, 0)) for one in speakers}
        for seconds in KNOWN_SECONDS
    }
    yield f"{'noise':>8}{'known':>7}{'speech':>8}{'EER %':>8}{'at':>7}{'least':>7}{'rejects':>9}{'accepts':>9}{'sd':>6}"
    for noise_db in (None, *NOISE_DB):
        for speech_s in SPEECH_SECONDS:
            heard = {
                one.voice: _voiceprints(
                    encoder, [_heard(x, noise_db, seed) for seed, x in enumerate(_stretches(one, speech_s, EACH, 1))]
                )
                for one in speakers
            }
            for known_s in KNOWN_SECONDS:
                pairs = _pairs(heard, known[known_s])
                clearness = None if noise_db is None else _clearness_db(speakers[0], noise_db)
                least = encoder.calibration.same_speaker.least_similarity(speech_s, known_s, clearness)
                rate, at = equal_error(pairs.same, pairs.others)
                rejects, accepts = np.mean(pairs.same < least) * 100, np.mean(pairs.others >= least) * 100
                yield (
                    f"{'none' if clearness is None else f'{clearness:.0f} dB':>8}{known_s:>7g}{speech_s:>8g}"
                    f"{rate * 100:>8.1f}{at:>7.2f}{least:>7.2f}{rejects:>9.1f}{accepts:>9.1f}{pairs.same.std():>6.2f}"
                )


def _stretches(speaker: Speaker, seconds: float, each: int, which: int) -> list[Audio]:
    """Speech of every second sentence (``which``: 0 or 1), at one level."""
    size, found = int(seconds * SPEECH_RATE), list[Audio]()
    for utterances in speaker.utterances.values():
        speech = np.concatenate([speech_only(audio) for audio in utterances[which::2]])
        for start in np.linspace(0, max(0, len(speech) - size), each).astype(int):
            part = speech[start : start + size]
            found.append((part * (0.05 / np.sqrt(np.mean(np.square(part))))).astype(np.float32))
    return found


def _heard(speech: Audio, noise_db: float | None, seed: int) -> Audio:
    if noise_db is None:
        return speech
    suppression = NoiseSuppression(WebRtcSuppressor())
    padded = np.concatenate((np.zeros(SPEECH_RATE, np.float32), speech))
    noise = in_noise(noise_db)(np.resize(speech, len(padded)), seed) - np.resize(speech, len(padded))
    return _suppressed(suppression, padded + noise)[-len(speech) :]


def _clearness_db(speaker: Speaker, noise_db: float) -> float:
    """The level of speech over that of the noise alone, after noise suppression, as the speaker gate measures it."""
    speech = _stretches(speaker, 1.6, 1, 1)[0]
    suppression = NoiseSuppression(WebRtcSuppressor())
    noise = in_noise(noise_db)(np.resize(speech, 3 * SPEECH_RATE), 1) - np.resize(speech, 3 * SPEECH_RATE)
    noisy = noise.copy()
    noisy[-len(speech) :] += speech
    clean = _suppressed(suppression, noisy)
    level = [
        10 * np.log10(np.mean(np.square(part, dtype=float)))
        for part in (clean[SPEECH_RATE // 2 : SPEECH_RATE], clean[-len(speech) :])
    ]
    return float(level[1] - level[0])


def _suppressed(suppression: NoiseSuppression, audio: Audio) -> Audio:
    frame = SPEECH_RATE // 50
    cleaned = [suppression.clean(audio[at : at + frame], enabled=True) for at in range(0, len(audio), frame)]
    return np.concatenate([*cleaned, suppression.flush()])


def _voiceprints(encoder: OnnxSpeakerEncoder, speech: Sequence[Audio]) -> Audio:
    return np.stack([encoder.voiceprint(one) for one in speech])


def _pairs(heard: Mapping[str, Audio], known: Mapping[str, Audio]) -> Pairs:
    same = [(heard[voice] @ known[voice].T).ravel() for voice in heard]
    others = [
        (heard[one] @ known[other].T).ravel()
        for one in heard
        for other in known
        if one != other and is_person(one) == is_person(other)
    ]
    return Pairs(np.concatenate(same).astype(float), np.concatenate(others).astype(float))


if __name__ == "__main__":
    main()
