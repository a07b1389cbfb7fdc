import re
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.domain.configuration import AsrConfig
from kouyu.domain.errors import INTERNAL_MSG
from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.serving.transcribing import Transcriber, as_configured
from kouyu.text.transcript import TranscriptFinisher

SOUND = np.zeros(1600, np.float32)
HOW = as_configured(AsrConfig())


class Recogniser:
    """Hears a question, or fails with what it was given."""

    def __init__(self, fault: Exception | None = None) -> None:
        self._fault = fault

    async def recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority
    ) -> Recognition:
        if self._fault:
            raise self._fault
        return Recognition(text="how are you", language="en")

    async def close(self) -> None:
        pass


class BrokenFinisher:
    def finish(self, text: str, language: str, asr_config: AsrConfig, *, final: bool) -> str:
        raise KeyError(text)


async def test_a_transcript_comes_with_its_language() -> None:
    hearing = Transcriber(Recogniser(), TranscriptFinisher())
    text, language = await hearing.transcribed(SOUND, HOW, Priority.FINAL, final=True)
    assert (text.lower().rstrip("?. "), language) == ("how are you", "en")


@pytest.mark.parametrize(
    ("hearing", "told"),
    [
        (Transcriber(Recogniser(EngineError("busy")), TranscriptFinisher()), "busy"),
        (Transcriber(Recogniser(ZeroDivisionError("what the user said")), TranscriptFinisher()), INTERNAL_MSG),
        (Transcriber(Recogniser(), cast(TranscriptFinisher, BrokenFinisher())), INTERNAL_MSG),
    ],
)
async def test_a_failure_costs_this_transcript_alone(hearing: Transcriber, told: str) -> None:
    with pytest.raises(EngineError, match=f"^speech recognition failed: {re.escape(told)}$"):
        await hearing.transcribed(SOUND, HOW, Priority.FINAL, final=True)
