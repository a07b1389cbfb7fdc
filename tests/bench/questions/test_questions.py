import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

import kouyu.bench.questions
from kouyu.audio.wav import read_audio
from kouyu.bench.questions.make import LEAD_SECONDS, QUESTIONS, TRAIL_SECONDS, Entry, letters
from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.engines.asr.whisper import WhisperRecognizer
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.weights.cache import folder

FOLDER = Path(kouyu.bench.questions.__file__).parent
INDEX = msgspec.json.decode((FOLDER / "index.json").read_bytes(), type=list[Entry])


@pytest.fixture(scope="module")
def recognizer() -> Iterator[WhisperRecognizer]:
    scheduler = Scheduler(1)
    yield WhisperRecognizer(folder("whisper-base"), scheduler)
    asyncio.run(scheduler.close())


def test_the_index_lists_the_questions_that_are_made() -> None:
    assert [(e.file, e.text, e.voice) for e in INDEX] == [(f"{q.name}.wav", q.text, q.voice) for q in QUESTIONS]
    assert {path.name for path in FOLDER.glob("*.wav")} == {entry.file for entry in INDEX}


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry.file)
def test_a_file_is_quiet_then_speaks_then_is_quiet_again(entry: Entry) -> None:
    samples, rate = read_audio(FOLDER / entry.file)
    assert rate == 16_000
    assert len(samples) / rate == pytest.approx(entry.duration_s, abs=0.01)
    assert not samples[: round(LEAD_SECONDS * rate)].any()
    assert not samples[-round(TRAIL_SECONDS * rate) :].any()
    assert 0.2 < np.abs(samples).max() < 1.0


@pytest.mark.models
@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry.file)
async def test_a_question_is_recognised_as_what_it_says(entry: Entry, recognizer: WhisperRecognizer) -> None:
    samples, _ = read_audio(FOLDER / entry.file)
    heard = await recognizer.recognize(samples, RecognitionOptions(), Priority.FINAL)
    assert heard.language == entry.language
    assert letters(heard.text) == letters(entry.text)
