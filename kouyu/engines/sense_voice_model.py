"""SenseVoice on sherpa-onnx: one model that writes Mandarin, Cantonese, English, Japanese and Korean speech down, and
names its language and the speaker's emotion."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError, EngineUnavailable

WEIGHT_SET: Final = "sense-voice"
MODEL_FILE: Final = "model.int8.onnx"
TOKENS_FILE: Final = "tokens.txt"

LEAST_SPEECH_S: Final = 0.3
"""Less does not fill one frame of the model."""


class SenseVoiceModel:
    """A loaded model; about 250 MB of memory. Its methods block, and may be called on several threads at once."""

    def __init__(self, weights: Path, *, purpose: str, with_marks: bool = False, threads: int = 1) -> None:
        """``weights``: a folder with MODEL_FILE and TOKENS_FILE. ``with_marks``: write punctuation, capitals and
        digits. ``purpose`` is named in errors.

        Raises EngineUnavailable when a file is missing, or a file cannot be read.
        """
        import sherpa_onnx

        advice = f"try: kouyu models fetch {WEIGHT_SET}"
        if missing := [name for name in (MODEL_FILE, TOKENS_FILE) if not (weights / name).is_file()]:
            raise EngineUnavailable(f"{weights} lacks {' and '.join(missing)}; {advice}")
        self._purpose = purpose
        try:
            self._recognizer = sherpa_onnx.OfflineRecognizer.from_sense_voice(
                model=str(weights / MODEL_FILE),
                tokens=str(weights / TOKENS_FILE),
                num_threads=threads,
                language="auto",
                use_itn=with_marks,
            )
        except RuntimeError as error:
            raise EngineUnavailable(f"{weights} cannot be loaded ({error}); {advice}") from error

    def result(self, speech: NDArray[np.float32]) -> Any:
        """The library's result for mono audio at SPEECH_RATE, LEAST_SPEECH_S at least: ``text``, ``lang`` and
        ``emotion`` (``<|zh|>``, ``<|HAPPY|>``). Raises EngineError."""
        try:
            stream = self._recognizer.create_stream()
            stream.accept_waveform(SPEECH_RATE, speech)
            self._recognizer.decode_stream(stream)
            return stream.result
        except RuntimeError as error:  # raised by the library
            raise EngineError(f"{self._purpose} failed: {error}") from error
