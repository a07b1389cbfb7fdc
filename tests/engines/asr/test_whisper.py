import asyncio
import re
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import kouyu.bench.questions
from kouyu.audio.pcm import float_from_int16
from kouyu.audio.wav import read_listening_audio
from kouyu.engines.asr.decoding import Whisper
from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.engines.asr.whisper import WhisperOptions, WhisperRecognizer
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.weights import cache
from tests.counted_conversation import Work, counted_engines
from tests.engines.conftest import Speak

SENTENCES = (
    "The quick brown fox jumps over the lazy dog.",
    "Please turn off the lights in the living room.",
    "Can you tell me a short story about a dragon?",
    "The meeting was moved from Tuesday to Thursday because the room was not free.",
    "I think we should leave before it gets dark.",
    "My favorite color is green, but I also like blue.",
    "Good morning, how are you doing today?",
    "Turn left.",
    "Never mind.",
    "Yes, please.",
)


QUESTIONS = Path(kouyu.bench.questions.__file__).parent
RECORDED_MANDARIN = Path(__file__).parents[2] / "traces" / "spoken_mandarin.wav"


@pytest.fixture(scope="module")
def recognizer() -> Iterator[WhisperRecognizer]:
    scheduler = Scheduler(2)
    yield WhisperRecognizer(cache.folder("whisper-base"), scheduler)
    asyncio.run(scheduler.close())


async def hear(
    recognizer: WhisperRecognizer,
    audio: NDArray[np.float32],
    priority: Priority = Priority.FINAL,
    language: str | None = None,
    hot_words: tuple[str, ...] = (),
    context: str = "",
) -> Recognition:
    options = RecognitionOptions(language=language, hot_words=hot_words, context=context)
    return await recognizer.recognize(audio, options, priority)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def errors(said: list[str], heard: list[str]) -> int:
    """Words wrong, missing or too many."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, 1):
        before, row[0] = row[0], number
        for at, other in enumerate(heard, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (word != other))
    return row[-1]


@pytest.mark.models
@pytest.mark.parametrize("priority", [Priority.FINAL, Priority.INTERIM])
async def test_english_is_heard_with_few_wrong_words(
    recognizer: WhisperRecognizer, speak: Speak, priority: Priority
) -> None:
    wrong = total = 0
    for sentence in SENTENCES:
        heard = await hear(recognizer, speak(sentence), priority)
        assert heard.language == "en"
        wrong += errors(words(sentence), words(heard.text))
        total += len(words(sentence))
    assert wrong / total < 0.08


@pytest.mark.models
async def test_mandarin_is_found_out_and_written_in_simplified_characters(recognizer: WhisperRecognizer) -> None:
    with wave.open(str(RECORDED_MANDARIN)) as wav:
        audio = float_from_int16(np.frombuffer(wav.readframes(-1), "<i2"))
    heard = await hear(recognizer, audio)
    assert heard.language == "zh"
    assert heard.text.startswith("今天天气不错")


@pytest.mark.models
@pytest.mark.parametrize(
    "said", ["Call five five five one two three four.", "Let's meet at two fifteen.", "It costs one hundred dollars."]
)
async def test_numbers_are_heard_in_the_words_they_are_said_in(
    recognizer: WhisperRecognizer, speak: Speak, said: str
) -> None:
    options = RecognitionOptions(language="en", numbers_in_words=True)
    heard = await recognizer.recognize(speak(said), options, Priority.FINAL)
    assert words(heard.text) == words(said)


@pytest.mark.models
async def test_hot_words_are_heard_where_they_are_said(recognizer: WhisperRecognizer, speak: Speak) -> None:
    audio = speak("I take Xarelto and Lipitor every day.")
    assert "Xarelto" not in (await hear(recognizer, audio)).text
    told = await hear(recognizer, audio, hot_words=("Kouyu", "Xarelto", "Lipitor"))
    assert words(told.text) == words("I take Xarelto and Lipitor every day")


@pytest.mark.models
async def test_a_hot_word_leaves_the_rest_of_the_sentence_alone(recognizer: WhisperRecognizer, speak: Speak) -> None:
    """Its capitals and marks, also where the end of the word is misheard as the beginning of the next."""
    for said, hot_word in (
        ("Have you tried the Zyrtonix tablet?", "Zyrtonix"),
        ("I have a table at Le Bernardin on Friday.", "Le Bernardin"),
    ):
        assert (await hear(recognizer, speak(said))).text != said
        assert (await hear(recognizer, speak(said), hot_words=("Nikhil", hot_word))).text == said


@pytest.mark.models
async def test_a_word_of_the_context_is_recognised_where_it_is_said(
    recognizer: WhisperRecognizer, speak: Speak
) -> None:
    audio = speak("My name is Siobhan Kaczynski.")
    told = await hear(recognizer, audio, context="A call with Siobhan Kaczynski about the name of a dog.")
    assert told.text == "My name is Siobhan Kaczynski."


CHINESE = ("打开客厅灯", "关闭空调", "调高音量", "播放音乐", "明天天气", "设置闹钟")
CHINESE_NAMES = (
    *("王晓明", "张伟", "李娜", "刘洋", "陈静", "杨帆", "赵磊", "黄丽", "周杰"),
    *("吴敏", "徐强", "孙丽", "马超", "朱婷", "胡军", "郭涛", "林峰", "何洁"),
)
ENGLISH = ("turn on the light", "What is the capital", "Siobhan Kaczynski", "Nikhil", "Home Assistant", "weather today")


@pytest.mark.models
@pytest.mark.parametrize(
    ("recording", "priority", "foreign"),
    [
        ("en-sky", Priority.FINAL, CHINESE),
        ("en-capital", Priority.FINAL, CHINESE_NAMES),
        ("en-capital", Priority.INTERIM, CHINESE_NAMES),
        ("zh-weather", Priority.FINAL, ENGLISH),
        ("zh-capital", Priority.INTERIM, ENGLISH),
    ],
)
async def test_words_in_another_language_change_nothing(
    recognizer: WhisperRecognizer, recording: str, priority: Priority, foreign: tuple[str, ...]
) -> None:
    """Neither as hot words nor as context do they make a translation or nonsense of what was said."""
    audio = read_listening_audio(QUESTIONS / f"{recording}.wav")
    plain = await hear(recognizer, audio, priority)
    assert plain.language == recording[:2]
    assert await hear(recognizer, audio, priority, hot_words=foreign) == plain
    assert await hear(recognizer, audio, priority, context="，".join(foreign)) == plain


@pytest.mark.models
async def test_hot_words_are_not_heard_where_they_are_not_said(recognizer: WhisperRecognizer, speak: Speak) -> None:
    heard = await hear(recognizer, speak("Good morning, how are you doing today?"), hot_words=("Nikhil", "Hangzhou"))
    assert words(heard.text) == words("Good morning how are you doing today")


IN_ENGLISH = RecognitionOptions(language="en")
PROBABLY_ENGLISH = RecognitionOptions(likely_language="en")
EXPECTING = RecognitionOptions(language="en", hot_words=("Kouyu",))


@pytest.mark.models
@pytest.mark.parametrize(
    ("recording", "options", "priority", "models"),
    [
        ("en-sky", IN_ENGLISH, Priority.INTERIM, {"small encoder runs"}),
        ("en-sky", PROBABLY_ENGLISH, Priority.INTERIM, {"small encoder runs"}),
        ("en-sky", PROBABLY_ENGLISH, Priority.FINAL, {"encoder runs"}),
        ("en-sky", EXPECTING, Priority.INTERIM, {"encoder runs"}),
        ("en-sky", RecognitionOptions(), Priority.INTERIM, {"encoder runs"}),
        ("zh-weather", PROBABLY_ENGLISH, Priority.INTERIM, {"small encoder runs", "encoder runs"}),
    ],
)
async def test_the_small_model_makes_interim_transcripts_of_english_alone(
    recording: str, options: RecognitionOptions, priority: Priority, models: set[str]
) -> None:
    """Where the speech turns out to be in another language, the other model makes them after all."""
    audio = read_listening_audio(QUESTIONS / f"{recording}.wav")
    scheduler = Scheduler(1)
    with counted_engines(work := Work()):
        recognizer = WhisperRecognizer(
            cache.folder("whisper-base"), scheduler, english_interims=cache.folder("whisper-tiny-en")
        )
        heard = await recognizer.recognize(audio, options, priority)
    await scheduler.close()
    assert {kind for kind in work if kind.endswith("encoder runs")} == models
    assert heard.language == recording[:2]
    assert words(heard.text) == (words("What color is the sky?") if recording == "en-sky" else [])


def white_noise(level: float) -> NDArray[np.float32]:
    return np.random.default_rng(3).normal(0, level, 32_000).astype(np.float32)


def clicks() -> NDArray[np.float32]:
    impulse = np.zeros(24_000, np.float32)
    impulse[[3_000, 9_000, 15_000]] = 0.9
    return impulse


def hum() -> NDArray[np.float32]:
    phase = 2 * np.pi * 50 * np.arange(32_000) / 16_000
    waves = [0.05 * np.sin(phase * number) / number for number in range(1, 8)]
    return np.asarray(np.sum(waves, axis=0), np.float32)


@pytest.mark.models
@pytest.mark.parametrize("hot_words", [(), ("Kouyu", "Coze", "Hangzhou", "Nikhil")])
@pytest.mark.parametrize(
    "audio",
    [np.zeros(32_000, np.float32), white_noise(0.001), white_noise(0.05), clicks(), hum()],
    ids=["silence", "faint noise", "loud noise", "clicks", "hum"],
)
async def test_where_nobody_speaks_there_is_no_text(
    recognizer: WhisperRecognizer, audio: NDArray[np.float32], hot_words: tuple[str, ...]
) -> None:
    assert (await hear(recognizer, audio, hot_words=hot_words)).text == ""


@pytest.mark.models
@pytest.mark.parametrize("samples", [0, 1, 160, 799, 800, 1_600])
async def test_hardly_any_audio_is_no_error(recognizer: WhisperRecognizer, samples: int) -> None:
    assert (await hear(recognizer, np.zeros(samples, np.float32))).text == ""


@pytest.mark.models
async def test_more_than_one_window_is_heard_whole(recognizer: WhisperRecognizer, speak: Speak) -> None:
    pause = np.zeros(8_000, np.float32)
    audio = np.concatenate([part for sentence in SENTENCES * 2 for part in (speak(sentence), pause)])
    assert len(audio) > 40 * 16_000
    heard = words((await hear(recognizer, audio)).text)
    said = words(" ".join(SENTENCES * 2))
    assert errors(said, heard) / len(said) < 0.1


@pytest.mark.models
async def test_a_language_the_model_does_not_know_is_guessed(recognizer: WhisperRecognizer, speak: Speak) -> None:
    heard = await hear(recognizer, speak("Good morning, how are you doing today?"), language="tlh")
    assert heard.language == "en"


@pytest.mark.models
async def test_the_language_is_guessed_among_those_spoken_here_only(speak: Speak) -> None:
    scheduler = Scheduler(1)
    recognizer = WhisperRecognizer(cache.folder("whisper-base"), scheduler, WhisperOptions(languages=("de", "fr")))
    heard = await hear(recognizer, speak("Good morning, how are you doing today?"))
    await scheduler.close()
    assert heard.language in {"de", "fr"}


@pytest.mark.models
async def test_a_cancelled_utterance_leaves_the_others_their_turn(recognizer: WhisperRecognizer, speak: Speak) -> None:
    audio = speak("Turn left.")
    tasks = [asyncio.create_task(hear(recognizer, audio)) for _ in range(6)]
    await asyncio.sleep(0.01)
    for task in tasks[:5]:
        task.cancel()
    assert words((await tasks[5]).text) == ["turn", "left"]


async def test_missing_weights_name_the_command_that_helps(tmp_path: Path) -> None:
    scheduler = Scheduler(1)
    recognizer = WhisperRecognizer(tmp_path / "whisper-base", scheduler)
    with pytest.raises(EngineUnavailable, match="kouyu models fetch whisper-base"):
        await recognizer.warm_up()
    await scheduler.close()
    with pytest.raises(EngineError, match="closed"):
        await recognizer.warm_up()


@pytest.mark.models
async def test_what_waits_is_decoded_together_and_heard_as_it_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(1)
    recognizer = WhisperRecognizer(cache.folder("whisper-base"), scheduler)
    names = ("en-capital", "zh-capital", "en-sky", "zh-weather", "en-how-are-you")
    audio = [read_listening_audio(QUESTIONS / f"{name}.wav") for name in names]
    alone = [await hear(recognizer, each) for each in audio]
    together: list[int] = []
    encode = Whisper._encode

    def counted(whisper: Whisper, windows: Sequence[NDArray[np.float32]], seconds: float) -> object:
        together.append(len(windows))
        return encode(whisper, windows, seconds)

    monkeypatch.setattr(Whisper, "_encode", counted)
    heard = await asyncio.gather(*(hear(recognizer, each) for each in audio))
    await scheduler.close()
    assert list(heard) == alone
    assert together in ([1, 4], [4, 1])
