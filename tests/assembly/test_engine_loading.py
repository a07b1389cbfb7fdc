"""Loading of the engines that the settings choose."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from kouyu.assembly.engine_loading import (
    WeightsNotFetched,
    check_engines,
    load_emotion_recognizer,
    load_engine,
    load_noise_suppressor,
    load_recognizer,
    load_synthesizer,
)
from kouyu.assembly.lifespan import open_services
from kouyu.audio.wav import encode_wav
from kouyu.engines.asr.openai import OpenAIOptions, OpenAIRecognizer
from kouyu.engines.declaration import Kind
from kouyu.engines.denoise import webrtc
from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.tts.openai import EndpointVoice, OpenAISpeechOptions
from kouyu.extras import pip
from kouyu.settings import Settings, SettingsError
from kouyu.settings.all_settings import EngineSettings
from kouyu.settings.bots import BotSettings, ModelSettings
from kouyu.store.store import Store
from kouyu.store.voiceprint_writes import Enrolment
from kouyu.weights import cache, catalogue

ASR = OpenAIOptions(base_url="http://127.0.0.1:9/v1", model="m")
TTS = OpenAISpeechOptions(
    base_url="http://127.0.0.1:9/v1",
    model="m",
    voices=(EndpointVoice(name="alloy"), EndpointVoice(name="nova", languages=("fr",))),
)
ENDPOINTS = EngineSettings(asr="openai", tts=("openai",), options={"openai_asr": ASR, "openai_tts": TTS})
BOT = BotSettings(id="a", model=ModelSettings(base_url="http://127.0.0.1:9/v1", model="m"))


@pytest.fixture
async def scheduler() -> AsyncIterator[Scheduler]:
    """One worker, which ends with the test."""
    made = Scheduler(1)
    yield made
    await made.close()


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path))


@pytest.mark.usefixtures("no_weights")
def test_all_missing_weights_are_named_with_the_command_that_fetches_them() -> None:
    with pytest.raises(WeightsNotFetched) as caught:
        check_engines(Settings())
    assert "kouyu models fetch silero-vad whisper-base smart-turn campplus smollm2-mixed kokoro" in str(caught.value)


@pytest.mark.models
def test_weights_that_are_only_recommended_are_one_line_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for needed in (each for each in catalogue.default_sets() if not each.recommended):
        (tmp_path / needed.name).symlink_to(cache.place(needed), target_is_directory=True)
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path))
    check_engines(Settings())
    for said, name in zip(caplog.messages, ("whisper-tiny-en", "kokoro-voices"), strict=True):
        assert said.startswith(f"starting without the weights {name} (")
        assert said.endswith(f"kouyu models fetch {name}")


@pytest.mark.usefixtures("no_weights")
def test_endpoints_need_no_weights() -> None:
    with pytest.raises(WeightsNotFetched) as caught:
        check_engines(Settings(engines=ENDPOINTS, bots=(BOT,)))
    assert caught.value.names == ("silero-vad", "smart-turn", "campplus")


def test_a_misspelt_engine_is_refused_with_the_known_names() -> None:
    with pytest.raises(EngineUnavailable, match=r"engines.tts: 'pipr' is not allowed; allowed: .*piper"):
        check_engines(Settings(engines=EngineSettings(tts=("pipr", "kokoro"))))


@pytest.mark.usefixtures("no_weights")
async def test_emotions_are_recognised_where_an_engine_is_chosen_and_its_weights_are_asked_for(
    scheduler: Scheduler,
) -> None:
    engines = msgspec.structs.replace(ENDPOINTS, emotion="sense-voice")
    with pytest.raises(WeightsNotFetched, match="kouyu models fetch silero-vad smart-turn campplus sense-voice"):
        check_engines(Settings(engines=engines, bots=(BOT,)))
    with pytest.raises(EngineUnavailable, match=r"engines\.emotion: 'mood' is not allowed; allowed: .*sense-voice"):
        check_engines(Settings(engines=msgspec.structs.replace(ENDPOINTS, emotion="mood"), bots=(BOT,)))
    assert await load_emotion_recognizer(ENDPOINTS, scheduler) is None


async def test_endpoints_are_made_from_the_settings(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer = await load_recognizer(ENDPOINTS, scheduler)
    synthesizer = await load_synthesizer(ENDPOINTS, scheduler)
    assert isinstance(recognizer, OpenAIRecognizer)
    assert [voice.voice_id for voice in synthesizer.voices()] == ["openai-alloy", "openai-nova"]
    await recognizer.close()
    await synthesizer.close()


async def test_a_key_that_is_missing_from_the_environment_is_reported(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    asr = OpenAIOptions(base_url="http://127.0.0.1:9/v1", model="m", api_key_env="NO_SUCH_KEY")
    with pytest.raises(EngineUnavailable, match="openai_asr: the environment variable NO_SUCH_KEY"):
        await load_recognizer(EngineSettings(asr="openai", options={"openai_asr": asr}), scheduler)


async def test_a_default_voice_that_no_engine_has_is_refused(scheduler: Scheduler) -> None:
    engines = EngineSettings(
        asr="openai", tts=("openai",), options={"openai_asr": ASR, "openai_tts": TTS}, default_voice="ghost"
    )
    with pytest.raises(EngineUnavailable, match=r"default_voice.*ghost.*openai-alloy"):
        await load_synthesizer(engines, scheduler)


@pytest.mark.models
async def test_a_bots_voice_that_no_engine_has_is_refused(tmp_path: Path) -> None:
    settings = Settings(engines=ENDPOINTS, bots=(msgspec.structs.replace(BOT, voice_id="ghost"),))
    with pytest.raises(SettingsError, match=r"bots, a: voice_id: .*'ghost'; allowed: openai-alloy, openai-nova"):
        async with await Store.open(tmp_path / "kouyu.db") as store, open_services(settings, store):
            pass


@pytest.mark.models
async def test_voiceprints_of_another_encoder_are_made_anew_after_the_start(tmp_path: Path) -> None:
    speech = np.random.default_rng(1).normal(0, 0.1, 32_000).astype(np.float32)
    old = Enrolment(model="resemblyzer-0.1.4", vector=b"\0" * 1024, speech_ms=2000, audio=encode_wav(speech, 16_000))
    settings = Settings(engines=ENDPOINTS, bots=(BOT,))
    async with await Store.open(tmp_path / "kouyu.db") as store:
        group_id = await store.of("").voiceprints.create_group("family", creator_id="t")
        await store.of("").voiceprints.enrol(group_id, "ann", old, creator_id="t")
        async with open_services(settings, store) as services, asyncio.timeout(120):
            assert services.speaker_encoder is not None
            outdated = store.outdated_voiceprints
            while await outdated.of_others_than(services.speaker_encoder.model):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        (voice,) = await store.of("").voiceprints.voices(group_id)
    assert (voice.model, len(voice.vector)) == ("campplus-zh-en-common-advanced", 192 * 4)


async def test_voices_whose_library_is_missing_are_left_out_with_a_warning(
    scheduler: Scheduler, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kouyu.engines.tts import piper

    async def no_library(*_: object) -> None:
        raise EngineUnavailable("piper-tts is not installed")

    monkeypatch.setattr(piper.PiperSynthesizer, "load", no_library)
    monkeypatch.setattr("kouyu.weights.cache.folder", lambda _: tmp_path)
    engines = EngineSettings(asr="openai", tts=("piper", "openai"), options={"openai_asr": ASR, "openai_tts": TTS})
    synthesizer = await load_synthesizer(engines, scheduler)
    assert [voice.voice_id for voice in synthesizer.voices()] == ["openai-alloy", "openai-nova"]
    assert "piper-tts is not installed" in caplog.text
    with pytest.raises(EngineUnavailable, match="piper-tts"):
        await load_synthesizer(EngineSettings(tts=("piper",)), scheduler)


async def test_a_server_whose_noise_suppression_cannot_be_loaded_continues_without(
    scheduler: Scheduler, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "webrtc_noise_gain", None)
    assert await load_noise_suppressor(EngineSettings(), scheduler) is None
    assert "noise suppression is not available" in caplog.text
    assert "pip install 'kouyu[server]'" in caplog.text


@pytest.mark.parametrize(
    ("kind", "name", "module", "extra"),
    [
        ("asr", "whisper", "ctranslate2", "embedded"),
        ("asr", "sense-voice", "sherpa_onnx", "emotion"),
        ("emotion", "sense-voice", "sherpa_onnx", "emotion"),
        ("tts", "hibari", "hibari", "embedded"),
        ("tts", "kokoro", "jieba", "embedded"),
        ("tts", "piper", "piper", "piper"),
        ("llm", "embedded", "xllamacpp", "embedded"),
        ("denoise", "webrtc", "webrtc_noise_gain", "server"),
    ],
)
async def test_without_its_library_an_engine_says_what_to_install(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, kind: Kind, name: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EngineUnavailable) as refused:
        await load_engine(kind, name, EngineSettings(), scheduler)
    assert str(refused.value) == f"the {kind} engine {name!r} needs {module}: {pip()} install 'kouyu[{extra}]'"


def test_a_server_without_a_library_that_it_needs_says_what_to_install_and_to_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path))
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(EngineUnavailable) as refused:
        check_engines(Settings())
    assert str(refused.value).startswith(
        f"the asr engine 'whisper' needs ctranslate2: {pip()} install 'kouyu[embedded]'; "
    )
    assert "; then the weights: kouyu models fetch silero-vad " in str(refused.value)


async def test_a_library_that_is_there_and_cannot_be_loaded_is_reported(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_libgomp(*_: object) -> None:
        raise ImportError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(webrtc, "ENGINE", msgspec.structs.replace(webrtc.ENGINE, load=no_libgomp))
    with pytest.raises(EngineUnavailable, match=r"'webrtc' cannot be loaded: libgomp\.so\.1"):
        await load_engine("denoise", "webrtc", EngineSettings(), scheduler)
