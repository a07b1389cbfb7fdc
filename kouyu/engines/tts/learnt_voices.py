"""What is measured of each voice before it first speaks, kept on disk so that it is measured once on a machine."""

import hashlib
import logging
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.engines.tts.edges import QUIET

log = logging.getLogger(__name__)

_LEVEL: Final = "level"


class LearntVoice(msgspec.Struct, frozen=True):
    """The generator's normalisation statistics by tensor, and the level of the speech in dB (RMS) of full scale."""

    statistics: Mapping[str, NDArray[np.float32]]
    level: float


def speech_level(samples: NDArray[np.float32], frame: int) -> float:
    """The level of a clause in dB (RMS) of full scale, without the frames of so many samples that are silent."""
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    power = np.square(frames).mean(axis=1)
    spoken = power[power > QUIET**2]
    return float(10 * np.log10(spoken.mean())) if len(spoken) else 0.0


class LearntVoices:
    """The measurements in a folder, a file for each voice.

    ``model`` is the fingerprint of what measured them, ``phonemes`` the clause on which it did.
    """

    def __init__(self, folder: Path, model: str, phonemes: Sequence[int]) -> None:
        self._folder = folder
        self._model = model
        self._clause = np.asarray(phonemes, np.int64).tobytes()

    def find(self, style: NDArray[np.float32]) -> LearntVoice | None:
        """The measurements of the voice with this style table; None if there are none, or the file is damaged."""
        try:
            with np.load(self._file(style)) as file:
                values = {name: np.asarray(file[name], np.float32) for name in file.files}
            return LearntVoice(values, float(values.pop(_LEVEL)))
        except FileNotFoundError:
            return None
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            log.info("%s is measured again: its file is unreadable (%s)", self._file(style).stem, error)
            return None

    def keep(self, style: NDArray[np.float32], learnt: LearntVoice) -> None:
        """Write the measurements of a voice; a folder that cannot be written is no fault."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
                np.savez(file, allow_pickle=False, **learnt.statistics, **{_LEVEL: np.float32(learnt.level)})
            # In one step, since other processes may read and write it too.
            os.replace(file.name, self._file(style))
        except OSError as error:
            log.info("what was measured of a voice is not kept: %s", error)

    def _file(self, style: NDArray[np.float32]) -> Path:
        voice = hashlib.blake2b(style.tobytes() + self._clause, digest_size=8).hexdigest()
        return self._folder / f"{self._model}-{voice}.npz"
