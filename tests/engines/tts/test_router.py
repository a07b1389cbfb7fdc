from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import numpy as np
import pytest

from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.clauses import SENTENCE_PAUSE
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.engines.tts.router import VoiceRouter

RATE = 1000


class Reciter:
    """An engine that keeps what it was to say and answers with a tenth of a second of ones."""

    def __init__(self, *voices: tuple[str, tuple[str, ...]]) -> None:
        self._voices = tuple(Voice(voice_id=v, name=v, engine="reciter", languages=spoken) for v, spoken in voices)
        self.said: list[tuple[str, str]] = []
        self.stopped = False

    def voices(self) -> Sequence[Voice]:
        return self._voices

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        self.said.append((options.voice_id, text))
        try:
            yield AudioPiece(np.ones(100, np.float32), RATE)
            yield AudioPiece(np.ones(100, np.float32), RATE)
        finally:
            self.stopped = True

    async def close(self) -> None:
        self.stopped = True


@pytest.fixture
async def scheduler() -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(1)
    yield scheduler
    await scheduler.close()


async def said(router: VoiceRouter, *engines: Reciter, text: str, voice: str = "") -> list[tuple[str, str]]:
    async for _ in router.synthesize(text, SynthesisOptions(voice_id=voice), Priority.SENTENCE):
        pass
    return [line for engine in engines for line in engine.said]


async def test_voices_are_listed_in_the_order_of_their_engines_the_default_first(scheduler: Scheduler) -> None:
    engines = Reciter(("joe", ("en",))), Reciter(("kumo", ("zh",)), ("alpha", ("zh",)))
    assert [v.voice_id for v in VoiceRouter(engines, scheduler).voices()] == ["joe", "kumo", "alpha"]
    router = VoiceRouter(engines, scheduler, default_voice="alpha")
    assert [v.voice_id for v in router.voices()] == ["alpha", "joe", "kumo"]


async def test_a_language_the_voice_does_not_speak_gets_its_default_voice(scheduler: Scheduler) -> None:
    joe, kokoro = Reciter(("joe", ("en",))), Reciter(("kumo", ("zh",)), ("alpha", ("zh",)))
    router = VoiceRouter([joe, kokoro], scheduler, default_voices={"zh": "alpha"})
    assert await said(router, joe, kokoro, text="你好。", voice="joe") == [("alpha", "你好。")]
    assert await said(router, joe, text="Hello.", voice="kumo") == [("joe", "Hello.")]


async def test_a_voice_keeps_the_languages_it_speaks(scheduler: Scheduler) -> None:
    joe, kokoro = Reciter(("joe", ("en",))), Reciter(("kumo", ("zh", "en")))
    router = VoiceRouter([joe, kokoro], scheduler)
    assert await said(router, joe, kokoro, text="我用 Python。", voice="kumo") == [("kumo", "我用 Python。")]


async def test_the_first_voice_whose_own_language_it_is_becomes_its_default(scheduler: Scheduler) -> None:
    kumo, joe, taro = Reciter(("kumo", ("zh", "en"))), Reciter(("joe", ("en",))), Reciter(("taro", ("ja",)))
    router = VoiceRouter([kumo, joe, taro], scheduler)
    assert await said(router, kumo, joe, taro, text="Hello.", voice="taro") == [("joe", "Hello.")]


async def test_a_mixed_sentence_is_spoken_by_a_voice_for_each_language(scheduler: Scheduler) -> None:
    joe, kumo = Reciter(("joe", ("en",))), Reciter(("kumo", ("zh",)))
    router = VoiceRouter([joe, kumo], scheduler)
    await said(router, text="The word 你好 means hello.", voice="joe")
    assert joe.said == [("joe", "The word"), ("joe", "means hello.")]
    assert kumo.said == [("kumo", "你好")]


async def test_a_language_nobody_speaks_is_left_to_the_chosen_voice(scheduler: Scheduler) -> None:
    joe = Reciter(("joe", ("en",)))
    assert await said(VoiceRouter([joe], scheduler), joe, text="Привет.") == [("joe", "Привет.")]


async def test_numbers_reach_the_voice_as_words_of_its_sentence_s_language(scheduler: Scheduler) -> None:
    joe, kumo = Reciter(("joe", ("en",))), Reciter(("kumo", ("zh",)))
    router = VoiceRouter([joe, kumo], scheduler)
    await said(router, text="**It is 20%.**")
    await said(router, text="大约20%。")
    await said(router, text="42", voice="kumo")
    assert joe.said == [("joe", "It is twenty percent.")]
    assert kumo.said == [("kumo", "大约百分之二十。"), ("kumo", "四十二")]


async def test_a_sentence_ends_with_a_pause_and_nothing_gives_nothing(scheduler: Scheduler) -> None:
    router = VoiceRouter([Reciter(("joe", ("en",)))], scheduler)

    async def pieces(text: str, rate: int = 0) -> list[AudioPiece]:
        options = SynthesisOptions(voice_id="joe", speech_rate=rate)
        return [piece async for piece in router.synthesize(text, options, Priority.SENTENCE)]

    assert len((await pieces("Yes."))[-1].samples) == SENTENCE_PAUSE * RATE
    assert len((await pieces("Yes.", 100))[-1].samples) == SENTENCE_PAUSE * RATE / 2
    assert len(await pieces("Yes")) == 2
    assert await pieces("😀 ...") == []


async def test_an_unknown_voice_is_an_error(scheduler: Scheduler) -> None:
    router = VoiceRouter([Reciter(("joe", ("en",)))], scheduler)
    with pytest.raises(EngineError, match="nobody"):
        await said(router, text="Hi.", voice="nobody")
    with pytest.raises(ValueError, match="nobody"):
        VoiceRouter([], scheduler, default_voices={"en": "nobody"})


async def test_closing_the_stream_closes_the_engine_s(scheduler: Scheduler) -> None:
    joe = Reciter(("joe", ("en",)))
    pieces = VoiceRouter([joe], scheduler).synthesize("Hi.", SynthesisOptions(voice_id="joe"), Priority.SENTENCE)
    await anext(pieces)
    assert not joe.stopped
    await pieces.aclose()
    assert joe.stopped


class Dead(Reciter):
    """An engine that fails, before it is heard or after its first piece."""

    def __init__(self, *voices: tuple[str, tuple[str, ...]], after: int = 0) -> None:
        super().__init__(*voices)
        self.after = after

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        self.said.append((options.voice_id, text))
        for _ in range(self.after):
            yield AudioPiece(np.ones(100, np.float32), RATE)
        raise EngineError("nobody is there", retryable=True)


async def test_where_an_engine_fails_a_voice_of_the_language_steps_in_at_once_the_next_time(
    scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    dead, chinese, able = Dead(("nova", ("en", "zh"))), Reciter(("kumo", ("zh",))), Reciter(("joe", ("en",)))
    router = VoiceRouter((dead, chinese, able), scheduler)
    for text in ("One.", "Two."):
        await said(router, text=text, voice="nova")
    assert dead.said == [("nova", "One.")]
    assert able.said == [("joe", "One."), ("joe", "Two.")]
    assert chinese.said == []
    assert "nova failed (nobody is there): joe speaks instead" in caplog.text


async def test_an_engine_that_failed_is_asked_again_where_there_is_no_other(scheduler: Scheduler) -> None:
    dead = Dead(("nova", ("en",)))
    router = VoiceRouter((dead, Reciter(("kumo", ("zh",)))), scheduler)
    for _ in range(2):
        with pytest.raises(EngineError, match="nobody"):
            await said(router, text="One.", voice="nova")
    assert len(dead.said) == 2


async def test_what_was_heard_in_part_is_not_said_again_by_another(scheduler: Scheduler) -> None:
    able = Reciter(("joe", ("en",)))
    router = VoiceRouter((Dead(("nova", ("en",)), after=1), able), scheduler)
    with pytest.raises(EngineError, match="nobody"):
        await said(router, text="One.", voice="nova")
    assert able.said == []


class Mute(Reciter):
    """An engine that makes no sound of a script that its voice does not know."""

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        self.said.append((options.voice_id, text))
        if text.isascii():
            yield AudioPiece(np.ones(100, np.float32), RATE)


@pytest.mark.parametrize(
    ("text", "language"), [("你好。", "Chinese"), ("Привет.", "Russian"), ("こんにちは", "Japanese")]
)
async def test_a_sentence_that_no_voice_can_speak_is_an_error_and_not_silence(
    scheduler: Scheduler, text: str, language: str
) -> None:
    router = VoiceRouter([Mute(("joe", ("en",)))], scheduler)
    with pytest.raises(EngineError, match=f"no voice here speaks {language}"):
        await said(router, text=text)


@pytest.mark.parametrize("text", ["…", "😀", "—!"])
async def test_a_sentence_without_words_is_silent(scheduler: Scheduler, text: str) -> None:
    engine = Mute(("joe", ("en",)))
    await said(VoiceRouter([engine], scheduler), engine, text=text)


async def test_a_voice_answers_to_its_aliases_which_are_not_listed(scheduler: Scheduler) -> None:
    joe, kumo = Reciter(("joe", ("en",))), Reciter(("kumo", ("en",)))
    router = VoiceRouter([joe, kumo], scheduler, aliases={"742": "kumo"})
    assert await said(router, joe, kumo, text="Hello.", voice="742") == [("kumo", "Hello.")]
    assert [voice.voice_id for voice in router.voices()] == ["joe", "kumo"]
    with pytest.raises(ValueError, match="no voice is called nobody"):
        VoiceRouter([joe, kumo], scheduler, aliases={"742": "nobody"})
