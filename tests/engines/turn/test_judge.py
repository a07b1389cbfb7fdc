import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from evals.end_of_turn import accuracy, area_under_curve
from evals.end_of_turn_utterances import Sentence, Utterance, halves, sentences, utterances
from kouyu.audio.wav import read_listening_audio
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.turn.engine import TurnJudge
from kouyu.engines.turn.judge import AudioAndTextJudge, combined, log_odds
from kouyu.engines.turn.smart_turn import SmartTurn
from kouyu.weights.cache import folder

SENTENCES = 5
"""English ones, out of the half that nothing was tuned on."""
BROKEN_OFF = {
    "zh-weather": ("今天天气", 1.13),
    "zh-capital": ("中国的首都", 1.18),
    "zh-story": ("请给我讲一个", 1.37),
    "zh-name": ("你叫", 0.61),
}
"""Recorded questions in Mandarin, and what has been said when the speaker breaks off after so many seconds."""


@pytest.fixture
async def scheduler() -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(workers=1)
    yield scheduler
    await scheduler.close()


def test_either_score_moves_the_result_its_way() -> None:
    assert combined(0.5, 0.5) == pytest.approx(0.5, abs=0.05)
    for other in (0.0, 0.2, 0.5, 0.9, 1.0):
        assert combined(0.2, other) < combined(0.8, other)
        assert combined(other, 0.2) < combined(other, 0.8)


def test_a_text_that_cannot_end_there_outweighs_the_surest_intonation() -> None:
    assert combined(audio=1.0, text=0.08) < 0.5


def test_certain_scores_stay_finite() -> None:
    assert log_odds(0.0) == -log_odds(1.0)
    assert 0.0 < combined(0.0, 0.0) < combined(1.0, 1.0) < 1.0


async def english(scheduler: Scheduler) -> list[Utterance]:
    _, untuned = halves([sentence for sentence in sentences("en") if sentence.cut])
    return [utterance async for utterance in utterances("en", untuned[:SENTENCES], scheduler)]


def mandarin(questions: Path) -> list[Utterance]:
    texts = {entry["file"]: entry["text"] for entry in json.loads((questions / "index.json").read_text("utf-8"))}
    said = []
    for name, (cut, seconds) in BROKEN_OFF.items():
        text = texts[f"{name}.wav"]
        sound = read_listening_audio(questions / f"{name}.wav")
        begin, end = np.flatnonzero(sound)[[0, -1]]
        for complete, until in ((True, int(end) + 1), (False, round(seconds * SPEECH_RATE))):
            sentence = Sentence("zh", text, cut)
            said.append(Utterance(sentence, text if complete else cut, complete, sound[int(begin) : until]))
    return said


@pytest.mark.models
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_cut_utterances_are_judged_less_complete_than_whole_ones(
    scheduler: Scheduler, questions: Path, language: str
) -> None:
    judge: TurnJudge = await AudioAndTextJudge.load(scheduler, folder("smart-turn"))
    complete, with_text, without_text = [], [], []
    for utterance in await english(scheduler) if language == "en" else mandarin(questions):
        audio = utterance.with_silence(0.3)
        complete.append(utterance.complete)
        with_text.append(await judge.completeness(audio, utterance.text.rstrip("，,。.？?"), language))
        without_text.append(await judge.completeness(audio, "", language))
    whole = np.array(complete)
    assert area_under_curve(np.array(with_text), whole) > 0.75
    assert accuracy(np.array(with_text), whole) >= 0.7
    assert area_under_curve(np.array(without_text), whole) > 0.55


@pytest.mark.models
async def test_without_audio_the_text_decides(scheduler: Scheduler) -> None:
    judge = await AudioAndTextJudge.load(scheduler, folder("smart-turn"))
    nothing = np.zeros(0, np.float32)
    assert await judge.completeness(nothing, "Yes, please.", "en") > 0.8
    assert await judge.completeness(nothing, "Could you open the", "en") < 0.2


@pytest.mark.models
async def test_silence_without_a_text_is_no_error(scheduler: Scheduler) -> None:
    judge = await AudioAndTextJudge.load(scheduler, folder("smart-turn"))
    assert 0.0 <= await judge.completeness(np.zeros(SPEECH_RATE, np.float32), "", "") <= 1.0


class Stalled:
    """A model whose vote does not come."""

    async def completeness(self, audio: NDArray[np.float32]) -> float:
        await asyncio.sleep(60)
        return 0.0


async def test_if_the_audios_score_is_late_the_text_decides() -> None:
    judge = AudioAndTextJudge(cast(SmartTurn, Stalled()), audio_within_s=0.01)
    audio = np.zeros(16_000, np.float32)
    assert await judge.completeness(audio, "What is the capital of France?", "en") > 0.5
    assert await judge.completeness(audio, "What is the capital of the", "en") < 0.5
