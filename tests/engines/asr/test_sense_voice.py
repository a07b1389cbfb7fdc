"""The path from SenseVoice's tokens to a transcript, on a model file of the same layout: not how well it recognises."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.engines.asr.sense_voice import SenseVoiceRecognizer
from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.sense_voice_model import MODEL_FILE, SenseVoiceModel
from tests.engines.paralinguistics.sense_voice_files import write_sense_voice

SPEECH = np.random.default_rng(0).normal(scale=0.1, size=32_000).astype(np.float32)


@pytest.fixture
async def scheduler() -> AsyncIterator[Scheduler]:
    made = Scheduler(workers=1)
    yield made
    await made.close()


def opened(scheduler: Scheduler, folder: Path) -> SenseVoiceRecognizer:
    return SenseVoiceRecognizer(scheduler, SenseVoiceModel(folder, purpose="speech recognition", with_marks=True))


@pytest.mark.parametrize(
    ("tag", "words", "text", "language"),
    [
        ("<|en|>", ("▁good", "▁morning"), "good morning", "en"),
        ("<|zh|>", ("你", "好", "。"), "你好。", "zh"),
        ("<|nospeech|>", (), "", "en"),
        ("<|nospeech|>", ("你", "好"), "你好", "zh"),
    ],
)
async def test_its_tokens_become_a_transcript(
    scheduler: Scheduler, tmp_path: Path, tag: str, words: Sequence[str], text: str, language: str
) -> None:
    write_sense_voice(tmp_path, language=tag, words=words)
    heard = await opened(scheduler, tmp_path).recognize(SPEECH, RecognitionOptions(language="en"), Priority.FINAL)
    assert (heard.text, heard.language) == (text, language)


async def test_speech_of_any_length_is_taken(scheduler: Scheduler, tmp_path: Path) -> None:
    write_sense_voice(tmp_path, words=("▁good", "▁morning"))
    recognizer = opened(scheduler, tmp_path)
    for speech, text in ((SPEECH[:0], ""), (SPEECH[:4_000], ""), (np.tile(SPEECH, 20), "good morning good morning")):
        assert (await recognizer.recognize(speech, RecognitionOptions(), Priority.INTERIM)).text == text


async def test_a_missing_file_is_an_error_that_says_what_to_do(scheduler: Scheduler, tmp_path: Path) -> None:
    write_sense_voice(tmp_path)
    (tmp_path / MODEL_FILE).unlink()
    with pytest.raises(EngineUnavailable, match=f"lacks {MODEL_FILE}; try: kouyu models fetch sense-voice"):
        opened(scheduler, tmp_path)
