"""Measures speaker recognition by length of speech: false accepts and false rejects.

    python -m evals.voiceprint                          # rates at the default score of 40
    python -m evals.voiceprint --encoder resemblyzer    # of another encoder
    python -m evals.voiceprint --tune                   # the calibration's constants as they come out of these speakers

Needs the weight set of the encoder, piper-joe, kokoro and kokoro-voices, the extra "piper", and Debian's client for the
people's recordings. The speakers are four people (``evals.voiceprint_people``) and synthetic voices
(``evals.voiceprint_voices``). People are compared with people and synthetic voices with each other. Making the voices
takes some ten minutes once, the rest five.
"""

import argparse
import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import platformdirs
from numpy.typing import NDArray

from evals.voiceprint_people import is_person, people
from evals.voiceprint_voices import Audio, Speaker, spoken_by_all, through_a_room
from kouyu.domain.configuration import VoicePrintConfig
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.blas import use_one_blas_thread
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.voiceprint.calibration import Calibration, log_odds, terms
from kouyu.engines.voiceprint.campplus import CamPlusPlusEncoder
from kouyu.engines.voiceprint.onnx_encoder import OnnxSpeakerEncoder
from kouyu.engines.voiceprint.pause_removal import speech_only
from kouyu.engines.voiceprint.resemblyzer import ResemblyzerEncoder
from kouyu.weights.cache import folder

TURN_SECONDS: Final = (0.8, 1.2, 1.8, 2.7, 4.0, 6.0, 9.0)
ENROLMENT_SECONDS: Final = (2.0, 4.0, 8.0, 12.0)
TURNS: Final = 4
"""Of each speaker, language and length."""
ENROLMENTS: Final = 2

THRESHOLD: Final = VoicePrintConfig().score
PROMPTS: Final = 40
"""Of each person and language."""

ENCODERS: Final[Mapping[str, type[OnnxSpeakerEncoder]]] = {
    "campplus": CamPlusPlusEncoder,
    "resemblyzer": ResemblyzerEncoder,
}

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
    same_kind: NDArray[np.bool_]
    """Two people, or two synthetic voices."""
    person: NDArray[np.bool_]
    same_language: NDArray[np.bool_]

    def where(self, kept: NDArray[np.bool_]) -> "Trials":
        """Some of them."""
        return Trials(*(getattr(self, name)[kept] for name in self.__slots__))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--encoder", choices=sorted(ENCODERS), default="campplus")
    parser.add_argument("--tune", action="store_true", help="fit the calibration to these speakers")
    parser.add_argument("--folder", type=Path, default=platformdirs.user_cache_path("kouyu") / "bench-voices")
    arguments = parser.parse_args()
    use_one_blas_thread()
    speakers = all_speakers(arguments.folder)
    encoder = Encoding(open_encoder(arguments.encoder))
    turns = list(samples(speakers, TURN_SECONDS, TURNS, 1, encoder))
    enrolments = list(samples(speakers, ENROLMENT_SECONDS, ENROLMENTS, 0, encoder))
    everything = trials(turns, enrolments)
    if arguments.tune:
        print("\n".join(tuning(turns, enrolments, encoder.calibration)))
    print("\n".join(report(everything, encoder.calibration, speakers)))
    print(f"encoding took {encoder.seconds / encoder.speech_s * 1000:.1f} ms of one core for each second of speech")


class Encoding:
    """The encoder, and how long it takes."""

    def __init__(self, encoder: OnnxSpeakerEncoder) -> None:
        self._encoder = encoder
        self.calibration = encoder.calibration
        self.seconds = 0.0
        self.speech_s = 0.0

    def __call__(self, audio: Audio) -> NDArray[np.float32]:
        began = time.process_time()
        made = self._encoder.voiceprint(speech_only(audio))
        self.seconds += time.process_time() - began
        self.speech_s += len(audio) / SPEECH_RATE
        return made


def all_speakers(voices: Path) -> list[Speaker]:
    """People and synthetic voices; the latter are kept in the folder ``voices``."""
    return people(PROMPTS) + asyncio.run(spoken_by_all(voices, shifts=(1.0,)))


def open_encoder(name: str) -> OnnxSpeakerEncoder:
    """An encoder of ENCODERS, its model loaded."""
    kind = ENCODERS[name]
    made = kind(Scheduler(1), folder(kind.weight_set))
    made.voiceprint(np.random.default_rng(1).normal(0, 0.1, SPEECH_RATE).astype(np.float32))
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
        same_speaker=pairs((x.speaker.voice for x in turns), (x.speaker.voice for x in enrolments)).ravel(),
        same_kind=pairs(
            (is_person(x.speaker.voice) for x in turns), (is_person(x.speaker.voice) for x in enrolments)
        ).ravel(),
        person=np.repeat([is_person(one.speaker.voice) for one in turns], len(enrolments)),
        same_language=pairs((x.language for x in turns), (x.language for x in enrolments)).ravel(),
    )


def report(everything: Trials, calibration: Calibration, speakers: Sequence[Speaker]) -> Iterator[str]:
    """Tables of rates in percent, line by line."""
    some = sum(is_person(one.voice) for one in speakers)
    yield f"{some} people, {len(speakers) - some} synthetic speakers; enrolled with 4 s or more; score {THRESHOLD:g}"
    yield f"{'turn':22}{'false rejects':>15}{'false accepts':>15}{'EER':>8}{'at cosine':>11}"
    enrolled = everything.where(everything.enrolled_s >= 4.0)
    for kind, of_kind in (("people", enrolled.person), ("voices", ~enrolled.person)):
        these = enrolled.where(of_kind)
        for seconds in TURN_SECONDS:
            yield f"{kind}, {seconds:g} s".ljust(22) + _rates(these.where(these.turn_s == seconds), calibration)
        yield f"{kind}, all".ljust(22) + _rates(these, calibration)
    yield "2 s enrolled".ljust(22) + _rates(everything.where(everything.enrolled_s == 2.0), calibration)
    people_alone = enrolled.where(enrolled.person)
    for name, same_language in (("one language", True), ("two languages", False)):
        kept = people_alone.where(~people_alone.same_speaker | (people_alone.same_language == same_language))
        yield f"people, {name}".ljust(22) + _rates(kept, calibration)


def _rates(some: Trials, calibration: Calibration) -> str:
    accepted = calibration.score(some.cosine, some.turn_s, some.enrolled_s) >= THRESHOLD
    others = ~some.same_speaker & some.same_kind
    rate, at = equal_error(some.cosine[some.same_speaker], some.cosine[others])
    return f"{_share(~accepted[some.same_speaker]):>15}{_share(accepted[others]):>15}{rate * 100:>8.1f}{at:>11.2f}"


def _share(which: NDArray[np.bool_]) -> str:
    return f"{which.mean() * 100:.1f}" if len(which) else "-"


def equal_error(same: Numbers, others: Numbers) -> tuple[float, float]:
    """Return the equal error rate against other voices, and its cosine."""
    thresholds = np.linspace(-0.2, 1.0, 1201)
    rejects = np.searchsorted(np.sort(same), thresholds) / len(same)
    accepts = 1 - np.searchsorted(np.sort(others), thresholds) / len(others)
    best = int(np.argmin(np.abs(rejects - accepts)))
    return float((rejects[best] + accepts[best]) / 2), float(thresholds[best])


def tuning(turns: Sequence[Sample], enrolments: Sequence[Sample], calibration: Calibration) -> Iterator[str]:
    """The constants from all speakers, and from one half of the voices with the rates on the other half."""
    yield f"in use:       {list(calibration.constants)}"
    yield f"of all:       {np.round(fitted(trials(turns, enrolments)), 2).tolist()}"
    voices = sorted({one.speaker.voice for one in turns})
    for half in (voices[0::2], voices[1::2]):
        inside = [[one for one in some if one.speaker.voice in half] for some in (turns, enrolments)]
        outside = [[one for one in some if one.speaker.voice not in half] for some in (turns, enrolments)]
        constants = fitted(trials(*inside))
        rest = trials(*outside)
        accepted = log_odds(rest.cosine, rest.turn_s, rest.enrolled_s, tuple(constants)) >= 0
        yield f"of {len(half)} voices:  {np.round(constants, 2).tolist()}; on the others: " + (
            f"false rejects {_share(~accepted[rest.same_speaker])}, "
            f"accepts {_share(accepted[~rest.same_speaker & rest.same_kind])}"
        )


def fitted(some: Trials, penalty: float = 1e-3) -> Numbers:
    """The calibration's constants: logistic regression by Newton's method.

    Same speaker against other voices, both weighing the same within each pair of lengths, and people as much as
    synthetic voices.
    """
    kept = some.where(some.same_speaker | some.same_kind)
    inputs = terms(kept.cosine, kept.turn_s, kept.enrolled_s)
    wanted = kept.same_speaker.astype(float)
    weights = np.zeros(len(wanted))
    cells = kept.turn_s * 1000 + kept.enrolled_s + np.where(kept.person, 1e6, 0)
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
