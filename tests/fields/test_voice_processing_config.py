"""Cleaning of the user's audio, measured where the recogniser gets it."""

from typing import Any

import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import uploads
from tests.fields.enrolling import enrolled
from tests.fields.spoken import push, question, recording, refusal, silence
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

FIRST, SECOND, THIRD = "en-story", "en-help", "en-sky"
"""Three questions in one voice: the first two are enough to know it by."""
ANOTHER_VOICE = "zh-capital"


def noisy_question() -> Samples:
    """A question in a hissing room, after a second and a half in which there is nothing else."""
    sound = np.concatenate([silence(1.5), question()])
    return sound + np.random.default_rng(7).normal(0, 0.01, len(sound)).astype(np.float32)


def noise_db(heard: Samples) -> float:
    """The level of the quietest tenth of a second: what is heard where nobody speaks."""
    size = SPEECH_RATE // 10
    pieces = heard[: len(heard) // size * size].reshape(-1, size).astype(np.float64)
    return float(10 * np.log10(np.min(np.mean(pieces**2, axis=1)) + 1e-12))


async def heard_in(talk: Talk, recogniser: RecognitionStandIn, **processing: Any) -> Samples:
    """What reaches the recogniser of the noisy question."""
    if processing:
        shown = await talk.configure(voice_processing_config=processing)
        assert shown.data["voice_processing_config"] == shown.data["voice_processing_config"] | processing
    return recogniser.behind(await push(talk, uploads.pcm(noisy_question()))).audio


async def test_voice_processing_config(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Merged key by key; both kinds of suppression at once are refused."""
    async with talking(measuring_server) as talk:
        plain = await heard_in(talk, recogniser, enable_ans=False)
        cleaned = await heard_in(talk, recogniser, enable_ans=True)
        off_again = await heard_in(talk, recogniser, enable_ans=False)
        assert min(noise_db(cleaned), noise_db(off_again)) > noise_db(plain) - 4
        both = {"enable_ans": True, "enable_pdns": True}
        assert "data.voice_processing_config.enable_pdns" in await refusal(talk, voice_processing_config=both)


async def test_enable_ans(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Recognition hears what was said as it came in, since the filter costs it words."""
    async with talking(measuring_server) as talk:
        plain = await heard_in(talk, recogniser)
    async with talking(measuring_server) as talk:
        cleaned = await heard_in(talk, recogniser, enable_ans=True)
        # Suppression would take 10 dB and more.
        assert noise_db(cleaned) > noise_db(plain) - 4
        await talk.configure(voice_processing_config={"enable_ans": None})
        assert noise_db(await heard_in(talk, recogniser)) > noise_db(plain) - 4
        wrong = {"enable_ans": "yes"}
        assert "data.voice_processing_config.enable_ans" in await refusal(talk, voice_processing_config=wrong)


def sounds_like(heard: Samples, name: str) -> bool:
    """Whether a recording is in what was heard, wherever it begins."""
    said = recording(name)
    size = len(heard) + len(said)
    similarity = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)))
    return bool(similarity.max() > 0.5 * np.linalg.norm(heard) * np.linalg.norm(said))


async def recognised(talk: Talk, recogniser: RecognitionStandIn, *names: str) -> set[str]:
    """Push the questions one after the other; which of them were recognised. The others' transcripts are empty."""
    transcripts = {name: await push(talk, uploads.pcm(recording(name))) for name in names}
    heard = {name: recogniser.behind(transcript).audio for name, transcript in transcripts.items() if transcript}
    assert all(sounds_like(audio, name) for name, audio in heard.items())
    return set(heard)


async def test_enable_pdns(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    async with talking(measuring_server) as talk:
        await talk.configure(voice_processing_config={"enable_pdns": False})
        assert await recognised(talk, recogniser, ANOTHER_VOICE) == {ANOTHER_VOICE}
        await talk.configure(voice_processing_config={"enable_pdns": True})
        for name in (FIRST, SECOND):
            assert await recognised(talk, recogniser, name) == {name}
        assert await recognised(talk, recogniser, ANOTHER_VOICE, THIRD) == {THIRD}
        wrong = {"enable_pdns": 1}
        assert "data.voice_processing_config.enable_pdns" in await refusal(talk, voice_processing_config=wrong)


async def test_voice_print_feature_id(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    field = "data.voice_processing_config.voice_print_feature_id"
    _, feature_id = await enrolled(measuring_server, np.concatenate([recording(FIRST), recording(SECOND)]))
    async with talking(measuring_server) as talk:
        # Of another server, perhaps; without enable_pdns it has no effect.
        shown = await talk.configure(voice_processing_config={"voice_print_feature_id": "7"})
        assert shown.data["voice_processing_config"]["voice_print_feature_id"] == "7"
        assert field in await refusal(talk, voice_processing_config={"enable_pdns": True})
        assert field in await refusal(talk, voice_processing_config={"voice_print_feature_id": 7})
        await talk.configure(voice_processing_config={"enable_pdns": True, "voice_print_feature_id": feature_id})
        assert await recognised(talk, recogniser, ANOTHER_VOICE, THIRD) == {THIRD}
        await talk.configure(voice_processing_config={"voice_print_feature_id": ""})
        assert await recognised(talk, recogniser, ANOTHER_VOICE) == {ANOTHER_VOICE}
