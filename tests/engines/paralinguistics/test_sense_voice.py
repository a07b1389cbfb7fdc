from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.paralinguistics.sense_voice import SenseVoiceEmotion
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.sense_voice_model import MODEL_FILE, TOKENS_FILE
from tests.engines.paralinguistics.sense_voice_files import write_sense_voice

SPEECH = np.random.default_rng(0).normal(scale=0.1, size=32_000).astype(np.float32)


@pytest.fixture
async def scheduler() -> AsyncIterator[Scheduler]:
    made = Scheduler(workers=1)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("tag", "emotion"),
    [
        ("<|ANGRY|>", "angry"),
        ("<|HAPPY|>", "happy"),
        ("<|NEUTRAL|>", "neutral"),
        ("<|SAD|>", "sad"),
        ("<|SURPRISED|>", "surprise"),
        ("<|FEARFUL|>", None),
        ("<|DISGUSTED|>", None),
        ("<|EMO_UNKNOWN|>", None),
    ],
)
async def test_the_models_tags_become_the_protocols_emotions(
    scheduler: Scheduler, tmp_path: Path, tag: str, emotion: str | None
) -> None:
    write_sense_voice(tmp_path, tag)
    recognizer = await SenseVoiceEmotion.load(scheduler, tmp_path)
    assert await recognizer.emotion(SPEECH) == emotion
    await recognizer.close()


async def test_speech_of_any_length_is_taken(scheduler: Scheduler, tmp_path: Path) -> None:
    write_sense_voice(tmp_path, "<|HAPPY|>")
    recognizer = await SenseVoiceEmotion.load(scheduler, tmp_path)
    for samples in (0, 1, 4_000):
        assert await recognizer.emotion(SPEECH[:samples]) is None
    for speech in (SPEECH[:4_800], np.tile(SPEECH, 30)):
        assert await recognizer.emotion(speech) == "happy"


@pytest.mark.parametrize("lost", [MODEL_FILE, TOKENS_FILE])
async def test_a_folder_that_lacks_a_file_is_an_error_that_says_so(
    scheduler: Scheduler, tmp_path: Path, lost: str
) -> None:
    write_sense_voice(tmp_path, "<|HAPPY|>")
    (tmp_path / lost).unlink()
    with pytest.raises(EngineUnavailable, match=f"{tmp_path} lacks {lost}; try: kouyu models fetch sense-voice"):
        await SenseVoiceEmotion.load(scheduler, tmp_path)


async def test_a_broken_model_is_an_error_that_names_its_folder(scheduler: Scheduler, tmp_path: Path) -> None:
    write_sense_voice(tmp_path, "<|HAPPY|>")
    (tmp_path / MODEL_FILE).write_bytes(b"no model")
    with pytest.raises(EngineUnavailable, match=f"{tmp_path} cannot be loaded .*kouyu models fetch sense-voice"):
        await SenseVoiceEmotion.load(scheduler, tmp_path)
