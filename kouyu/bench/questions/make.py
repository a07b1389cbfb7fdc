"""Generates the spoken questions again, those of all languages or of some.

    python -m kouyu.bench.questions.make
    python -m kouyu.bench.questions.make zh

Needs the weight sets piper-joe, kokoro and kokoro-voices, and whisper-base to check them.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import soxr

from kouyu.audio.pcm import Samples, silence
from kouyu.audio.wav import write_wav
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.engine import RecognitionOptions, SpeechRecognizer
from kouyu.engines.asr.whisper import WhisperRecognizer
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.edges import trim
from kouyu.engines.tts.engine import SpeechSynthesizer, SynthesisOptions
from kouyu.engines.tts.kokoro import KokoroSynthesizer
from kouyu.engines.tts.piper import PiperSynthesizer
from kouyu.engines.tts.router import VoiceRouter
from kouyu.weights.cache import folder

LEAD_SECONDS: Final = 0.3
TRAIL_SECONDS: Final = 0.25

MOST_ATTEMPTS: Final = 8
"""Most attempts for one file, until Whisper base recognises every letter: Piper's speech varies each time."""


class Question(msgspec.Struct, frozen=True):
    """The text and voice of a file."""

    name: str
    language: str
    text: str
    voice: str


class Entry(msgspec.Struct, frozen=True):
    """A file in the index."""

    file: str
    language: str
    text: str
    voice: str
    duration_s: float


QUESTIONS: Final = (
    Question("en-capital", "en", "What is the capital of France?", "piper-en-us-joe"),
    Question("en-story", "en", "Tell me a short story about a dog.", "piper-en-us-joe"),
    Question("en-how-are-you", "en", "How are you today?", "piper-en-us-joe"),
    Question("en-help", "en", "Can you help me learn English?", "piper-en-us-joe"),
    Question("en-sky", "en", "What color is the sky?", "piper-en-us-joe"),
    Question("zh-weather", "zh", "今天天气怎么样？", "kokoro-zf-xiaoxiao"),
    Question("zh-capital", "zh", "中国的首都是哪里？", "kokoro-zm-yunxi"),
    Question("zh-story", "zh", "请给我讲一个故事。", "kokoro-zf-xiaoxiao"),
    Question("zh-name", "zh", "你叫什么名字？", "kokoro-zm-yunxi"),
)


class NotUnderstood(Exception):
    """A question was not recognised in MOST_ATTEMPTS attempts: choose other words or another voice."""


async def make(where: Path, questions: Sequence[Question] = QUESTIONS) -> None:
    """Write the files into a folder, and their entries into its index. Raises NotUnderstood."""
    scheduler = Scheduler(1)
    try:
        engines = (
            await PiperSynthesizer.load(scheduler, folder("piper-joe")),
            await KokoroSynthesizer.load(scheduler, folder("kokoro"), voices=folder("kokoro-voices")),
        )
        voices = VoiceRouter(engines, scheduler)
        recognizer = WhisperRecognizer(folder("whisper-base"), scheduler)
        index = where / "index.json"
        entries = {entry.file: entry for entry in msgspec.json.decode(index.read_bytes(), type=list[Entry])}
        for question in questions:
            samples = await _understood(question, voices, recognizer)
            file = f"{question.name}.wav"
            write_wav(where / file, samples, SPEECH_RATE)
            seconds = round(len(samples) / SPEECH_RATE, 2)
            entries[file] = Entry(file, question.language, question.text, question.voice, seconds)
        await voices.close()
    finally:
        await scheduler.close()
    index.write_bytes(msgspec.json.format(msgspec.json.encode(list(entries.values()))) + b"\n")


async def _understood(question: Question, voices: SpeechSynthesizer, recognizer: SpeechRecognizer) -> Samples:
    for _ in range(MOST_ATTEMPTS):
        speech = await _spoken(question, voices)
        samples = np.concatenate(
            (silence(1000 * LEAD_SECONDS, SPEECH_RATE), speech, silence(1000 * TRAIL_SECONDS, SPEECH_RATE)),
            dtype=np.float32,
        )
        heard = await recognizer.recognize(samples, RecognitionOptions(), Priority.FINAL)
        if letters(heard.text) == letters(question.text):
            return samples
    raise NotUnderstood(question.name)


def letters(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


async def _spoken(question: Question, voices: SpeechSynthesizer) -> Samples:
    """The question at SPEECH_RATE, without silence around it."""
    options = SynthesisOptions(voice_id=question.voice)
    async with aclosing(voices.synthesize(question.text, options, Priority.SENTENCE)) as stream:
        pieces = [piece async for piece in stream]
    whole = np.concatenate([piece.samples for piece in pieces])
    listening: Samples = soxr.resample(whole, pieces[0].sample_rate, SPEECH_RATE)
    return trim(listening, SPEECH_RATE)


if __name__ == "__main__":
    languages = sys.argv[1:] or {question.language for question in QUESTIONS}
    asyncio.run(make(Path(__file__).parent, [question for question in QUESTIONS if question.language in languages]))
