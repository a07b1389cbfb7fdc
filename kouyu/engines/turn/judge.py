"""The built-in TurnJudge: combines the scores of an audio model and of the transcript."""

import asyncio
import math
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.declaration import Engine, EngineContext, NoOptions
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.turn.smart_turn import SmartTurn
from kouyu.engines.turn.text_completeness import text_completeness
from kouyu.weights import cache

WEIGHT_SET: Final = "smart-turn"

AUDIO_WEIGHT: Final = 0.33
TEXT_WEIGHT: Final = 1.4
BIAS: Final = -0.1
"""The result's log-odds are ``AUDIO_WEIGHT * audio + TEXT_WEIGHT * text + BIAS``, from both scores' log-odds.

A logistic regression on every second sentence of ``evals/end_of_turn_sentences``, on texts as they were recognised,
the mean of seeds 1 to 3, rounded. ``python -m evals.end_of_turn --tune`` repeats the fit and tests on the other
sentences. Complete and cut utterances are about equally many there, so at 0.5 both kinds of error weigh the same. The
audio's weight is below 1 because the model is overconfident.
"""

AUDIO_WITHIN_S: Final = 0.25
"""Seconds that a server waits for the audio's score; its conversations wait 0.3 for both (``turn_judgement_s``)."""

SUREST: Final = 5.0
"""Log-odds at which a score is clamped."""


class AudioAndTextJudge:
    """A TurnJudge. Create it with ``load``. A call costs as much as SmartTurn; the text's score is free."""

    def __init__(self, model: SmartTurn, audio_within_s: float | None = None) -> None:
        """``audio_within_s``: timeout for the audio's score if there is a transcript; None: no timeout."""
        self._model = model
        self._audio_within_s = audio_within_s

    @classmethod
    async def load(cls, scheduler: Scheduler, weights: Path, audio_within_s: float | None = None) -> Self:
        """Read the weight set ``smart-turn`` from its folder and warm up. Raises EngineUnavailable."""
        return cls(await SmartTurn.load(scheduler, weights), audio_within_s)

    async def completeness(self, audio: NDArray[np.float32], transcript: str, language: str) -> float:
        """Return the probability that the turn is over: 0 to 1; decide at 0.5. Without audio or transcript only the
        other one counts; if the audio's score is late, the transcript alone.

        ``audio``: mono float32 at SPEECH_RATE with the silence behind it, of any length. Raises EngineError.
        """
        try:
            async with asyncio.timeout(self._audio_within_s if transcript else None):
                heard = await self._model.completeness(audio) if len(audio) else 0.5
        except TimeoutError:
            heard = 0.5
        return combined(heard, text_completeness(transcript, language))

    async def close(self) -> None:
        """Do nothing: memory is freed with the object."""


def combined(audio: float, text: float) -> float:
    """Combine both scores; all are probabilities that the turn is over."""
    odds = AUDIO_WEIGHT * log_odds(audio) + TEXT_WEIGHT * log_odds(text) + BIAS
    return 1.0 / (1.0 + math.exp(-odds))


def log_odds(probability: float) -> float:
    """The natural logarithm of the odds, clamped to ±SUREST."""
    if not 0.0 < probability < 1.0:
        return math.copysign(SUREST, probability - 0.5)
    return max(-SUREST, min(SUREST, math.log(probability / (1.0 - probability))))


async def _load(context: EngineContext, _: NoOptions) -> AudioAndTextJudge:
    return await AudioAndTextJudge.load(context.scheduler, cache.folder(WEIGHT_SET), AUDIO_WITHIN_S)


ENGINE: Final = Engine(name="smart-turn", kind="turn", load=_load, weights=lambda _: (WEIGHT_SET,))
