"""Measures speaker recognition by length of speech: false accepts and false rejects.

    python -m evals.voiceprint            # rates at the default score of 40, and at one fixed cosine
    python -m evals.voiceprint --tune     # the calibration's constants as they come out of these speakers

Needs the weight sets voiceprint, piper-joe and kokoro, and the extra "piper". The speakers are synthetic, see
``evals.voiceprint_voices``: the figures say how the score behaves with length and language, not how well the encoder
does on people. Speaking them takes some ten minutes once, the rest three.
"""

import argparse
import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import platformdirs
from numpy.typing import NDArray

from evals.voiceprint_voices import Audio, Speaker, spoken_by_all, through_a_room
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.voiceprint.calibration import CONSTANTS, log_odds, score, terms
from kouyu.engines.voiceprint.pause_removal import speech_only
from kouyu.engines.voiceprint.resemblyzer import ResemblyzerEncoder
from kouyu.protocol.configuration import VoicePrintConfig
from kouyu.protocol.speech_rate import SPEECH_RATE
from kouyu.weights.cache import folder

TURN_SECONDS: Final = (0.8, 1.2, 1.8, 2.7, 4.0, 6.0, 9.0)
ENROLMENT_SECONDS: Final = (2.0, 4.0, 8.0, 16.0)
TURNS: Final = 4
"""Of each speaker, language and length."""
ENROLMENTS: Final = 2

THRESHOLD: Final = VoicePrintConfig().score
FIXED_COSINE: Final = 0.75
"""The fixed cosine threshold of a server that ignores the length of speech."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """A stretch of one speaker's speech, and its voiceprint."""

    speaker: Speaker
    language: str
    seconds: float
    voiceprint: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Trials:
    """All comparisons of a turn with an enrolment, as parallel arrays."""

    cosine: Numbers
    turn_s: Numbers
    enrolled_s: Numbers
    same_speaker: NDArray[np.bool_]
    same_voice: NDArray[np.bool_]
    """Of impostors: the enrolled voice itself, shifted."""
    same_language: NDArray[np.bool_]

    def where(self, kept: NDArray[np.bool_]) -> "Trials":
        """Some of them."""
        return Trials(*(getattr(self, name)[kept] for name in self.__slots__))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tune", action="store_true", help="fit the calibration to these speakers")
    parser.add_argument("--folder", type=Path, default=platformdirs.user_cache_path("kouyu") / "bench-voices")
    arguments = parser.parse_args()
    speakers = asyncio.run(spoken_by_all(arguments.folder))
    encoder = Encoding()
    turns = list(samples(speakers, TURN_SECONDS, TURNS, 1, encoder))
    enrolments = list(samples(speakers, ENROLMENT_SECONDS, ENROLMENTS, 0, encoder))
    everything = trials(turns, enrolments)
    if arguments.tune:
        print("\n".join(tuning(turns, enrolments)))
    print("\n".join(report(everything, len(speakers))))
    print(f"encoding took {encoder.seconds / encoder.speech_s * 1000:.1f} ms of one core for each second of speech")


class Encoding:
    """The encoder, and how long it takes."""

    def __init__(self) -> None:
        self._encoder = ResemblyzerEncoder(Scheduler(1), folder("voiceprint"))
        self._encoder.voiceprint(np.ones(SPEECH_RATE, np.float32))
        self.seconds = 0.0
        self.speech_s = 0.0

    def __call__(self, audio: Audio) -> NDArray[np.float32]:
        began = time.process_time()
        made = self._encoder.voiceprint(speech_only(audio))
        self.seconds += time.process_time() - began
        self.speech_s += len(audio) / SPEECH_RATE
        return made


def samples(
    speakers: Sequence[Speaker], lengths: Sequence[float], each: int, which: int, encode: Encoding
) -> Iterator[Sample]:
    """Yield stretches of speech from every second sentence (``which``: 0 or 1), each through a room of its own."""
    seed = which
    for speaker in speakers:
        for language, utterances in speaker.utterances.items():
            speech = np.concatenate([speech_only(audio) for audio in utterances[which::2]])
            for seconds in lengths:
                size = int(seconds * SPEECH_RATE)
                for start in np.linspace(0, max(0, len(speech) - size), each).astype(int):
                    seed += 2
                    heard = through_a_room(speech[start : start + size], seed)
                    yield Sample(speaker, language, seconds, encode(heard))


def trials(turns: Sequence[Sample], enrolments: Sequence[Sample]) -> Trials:
    """All pairs."""
    cosine = np.stack([one.voiceprint for one in turns]) @ np.stack([one.voiceprint for one in enrolments]).T

    def pairs(of_turn: Iterable[object], of_enrolment: Iterable[object]) -> NDArray[np.bool_]:
        ours, theirs = list(of_turn), list(of_enrolment)
        return np.array([[one == other for other in theirs] for one in ours])

    return Trials(
        cosine=cosine.astype(float).ravel(),
        turn_s=np.repeat([one.seconds for one in turns], len(enrolments)),
        enrolled_s=np.tile([one.seconds for one in enrolments], len(turns)),
        same_speaker=pairs((x.speaker.name for x in turns), (x.speaker.name for x in enrolments)).ravel(),
        same_voice=pairs((x.speaker.voice for x in turns), (x.speaker.voice for x in enrolments)).ravel(),
        same_language=pairs((x.language for x in turns), (x.language for x in enrolments)).ravel(),
    )


def report(everything: Trials, speakers: int) -> Iterator[str]:
    """Tables of rates in percent, line by line."""
    yield f"{speakers} synthetic speakers, {len(everything.cosine)} comparisons; enrolled with 4 s or more"
    yield f"{'':14}{'false rejects':>28}   {'false accepts: others':>28}   {'itself, shifted':>15}"
    yield f"{'turn':14}{'score 40':>14}{'cosine 0.75':>14}   {'score 40':>14}{'cosine 0.75':>14}   {'score 40':>15}" + (
        f"{'EER':>8}{'at cosine':>11}"
    )
    enrolled = everything.where(everything.enrolled_s >= 4.0)
    for seconds in TURN_SECONDS:
        yield f"{seconds:>6.1f} s      " + _rates(enrolled.where(enrolled.turn_s == seconds))
    yield f"{'all':14}" + _rates(enrolled)
    yield f"{'2 s enrolled':14}" + _rates(everything.where(everything.enrolled_s == 2.0))
    yield f"{'one language':14}" + _rates(enrolled.where(enrolled.same_language))
    yield f"{'two languages':14}" + _rates(enrolled.where(~enrolled.same_language))


def _rates(some: Trials) -> str:
    scores = score(some.cosine, some.turn_s, some.enrolled_s)
    accepted, by_cosine = scores >= THRESHOLD, some.cosine >= FIXED_COSINE
    others = ~some.same_voice
    shifted = some.same_voice & ~some.same_speaker
    rate, at = equal_error(some.cosine[some.same_speaker], some.cosine[others])
    return (
        f"{_share(~accepted[some.same_speaker]):>14}{_share(~by_cosine[some.same_speaker]):>14}   "
        f"{_share(accepted[others]):>14}{_share(by_cosine[others]):>14}   {_share(accepted[shifted]):>15}"
        f"{rate * 100:>8.1f}{at:>11.2f}"
    )


def _share(which: NDArray[np.bool_]) -> str:
    return f"{which.mean() * 100:.1f}" if len(which) else "-"


def equal_error(same: Numbers, others: Numbers) -> tuple[float, float]:
    """Return the equal error rate against other voices, and its cosine."""
    thresholds = np.linspace(0.3, 1.0, 701)
    rejects = np.searchsorted(np.sort(same), thresholds) / len(same)
    accepts = 1 - np.searchsorted(np.sort(others), thresholds) / len(others)
    best = int(np.argmin(np.abs(rejects - accepts)))
    return float((rejects[best] + accepts[best]) / 2), float(thresholds[best])


def tuning(turns: Sequence[Sample], enrolments: Sequence[Sample]) -> Iterator[str]:
    """The constants from all speakers, and from one half of the voices with the rates on the other half."""
    yield f"in use:       {np.round(CONSTANTS, 2).tolist()}"
    yield f"of all:       {np.round(fitted(trials(turns, enrolments)), 2).tolist()}"
    voices = sorted({one.speaker.voice for one in turns})
    for half in (voices[0::2], voices[1::2]):
        inside = [[one for one in some if one.speaker.voice in half] for some in (turns, enrolments)]
        outside = [[one for one in some if one.speaker.voice not in half] for some in (turns, enrolments)]
        constants = fitted(trials(*inside))
        rest = trials(*outside)
        accepted = log_odds(rest.cosine, rest.turn_s, rest.enrolled_s, constants) >= 0
        yield f"of {len(half)} voices:  {np.round(constants, 2).tolist()}; on the others: " + (
            f"false rejects {_share(~accepted[rest.same_speaker])}, accepts {_share(accepted[~rest.same_voice])}"
        )


def fitted(some: Trials, penalty: float = 1e-3) -> Numbers:
    """The calibration's constants: logistic regression by Newton's method.

    Same speaker against other voices, both weighing the same within each pair of lengths. Shifted voices are left out:
    it is not defined how far a voice must be shifted to be another one.
    """
    kept = some.where(some.same_speaker | ~some.same_voice)
    inputs = terms(kept.cosine, kept.turn_s, kept.enrolled_s)
    wanted = kept.same_speaker.astype(float)
    weights = np.zeros(len(wanted))
    cells = kept.turn_s * 1000 + kept.enrolled_s
    for cell in np.unique(cells):
        for same in (True, False):
            chosen = (cells == cell) & (kept.same_speaker == same)
            weights[chosen] = 1.0 / chosen.sum()
    constants = np.zeros(inputs.shape[1])
    for _ in range(100):
        probability = 1 / (1 + np.exp(-np.clip(inputs @ constants, -30, 30)))
        slope = inputs.T @ (weights * (wanted - probability)) - penalty * constants
        curve = (inputs * (weights * probability * (1 - probability))[:, None]).T @ inputs
        step = np.linalg.solve(curve + penalty * np.eye(len(constants)), slope)
        constants = constants + step
        if np.abs(step).max() < 1e-4:
            break
    return constants


if __name__ == "__main__":
    main()
