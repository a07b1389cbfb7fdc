"""data.output_audio: what of it can be measured in the speech that comes back."""

import json

import pytest

from kouyu.audio.pcm import Samples
from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import measuring
from tests.fields.spoken import AUDIO, AUDIO_ENDS, refusal, said, say, spoken, written
from tests.standins.speech_endpoint import SpeechStandIn

pytestmark = pytest.mark.models

SENTENCE = "Good morning, how are you all today?"
SHORT = "How are you today?"
PCM_RATE = 24_000
STEADY = {"voice_id": "kokoro-jf-nezumi"}
"""A voice that says the same text in the same way each time."""


async def spoken_pcm(talk: Talk, text: str = SENTENCE, **output_audio: object) -> Samples:
    return measuring.pcm(b"".join(await spoken(talk, text, codec="pcm", **output_audio)))


async def test_output_audio(scripted_server: RunningServer) -> None:
    """Merged key by key; a change holds from the next spoken item, never in the middle of one."""
    limit = {"period": 1, "max_frame_num": 10}
    async with talking(scripted_server) as talk:
        await talk.configure(output_audio={"speech_rate": 20, "pcm_config": {"frame_size_ms": 100}})
        updated = await talk.configure(output_audio={"pcm_config": {"limit_config": limit}})
        assert updated.data["output_audio"]["speech_rate"] == 20
        await say(talk, "This takes a while to say, a second and a half.")
        await talk.until(AUDIO)
        await talk.configure(output_audio={"codec": "g711a", "pcm_config": {"frame_size_ms": 50}})
        await talk.until(AUDIO_ENDS)
        sizes = [len(event.audio) for event in talk.events if event.type == AUDIO]
        updated_at = len(talk.types) - 1 - talk.types[::-1].index("chat.updated")
        assert AUDIO in talk.types[updated_at:]
        assert set(sizes) == {4800}
        assert {len(event.audio) for event in await said(talk, "And the next.")} == {400}


async def test_codec(scripted_server: RunningServer) -> None:
    """Five codecs, decoded by FFmpeg: the same voice at the same speed in each."""
    async with talking(scripted_server) as talk:
        packets = {
            codec: await spoken(talk, SENTENCE, codec=codec) for codec in ("pcm", "g711a", "g711u", "opus", "mp3")
        }
        assert "data.output_audio.codec" in await refusal(talk, output_audio={"codec": "flac"})
    heard = {
        "pcm": (measuring.pcm(b"".join(packets["pcm"])), PCM_RATE),
        "g711a": (measuring.g711("g711a", b"".join(packets["g711a"])), 8000),
        "g711u": (measuring.g711("g711u", b"".join(packets["g711u"])), 8000),
        "opus": (measuring.opus(packets["opus"]), measuring.OPUS_RATE),
        "mp3": measuring.mp3(b"".join(packets["mp3"])),
    }
    pitches = {codec: measuring.pitch_hz(*sound) for codec, sound in heard.items()}
    lengths = {codec: measuring.sounding_s(*sound) for codec, sound in heard.items()}
    levels = {codec: measuring.level_db(*sound) for codec, sound in heard.items()}
    assert max(pitches.values()) < 1.15 * min(pitches.values()), pitches
    assert max(lengths.values()) < 1.3 * min(lengths.values()), lengths
    assert max(levels.values()) < 3 + min(levels.values()), levels


async def test_speech_rate(scripted_server: RunningServer) -> None:
    """Half and double speed; the pitch stays."""
    async with talking(scripted_server) as talk:
        slow, plain, fast = [await spoken_pcm(talk, speech_rate=rate) for rate in (-50, 0, 100)]
        assert "from -50 to 100" in await refusal(talk, output_audio={"speech_rate": 101})
    lengths = [measuring.sounding_s(sound, PCM_RATE) for sound in (slow, plain, fast)]
    assert lengths[0] / lengths[1] == pytest.approx(2.0, rel=0.25)
    assert lengths[1] / lengths[2] == pytest.approx(2.0, rel=0.25)
    pitches = [measuring.pitch_hz(sound, PCM_RATE) for sound in (slow, plain, fast)]
    assert max(pitches) < 1.15 * min(pitches), pitches


async def test_loudness_rate(scripted_server: RunningServer) -> None:
    """Half and double volume: 6 dB down and up."""
    async with talking(scripted_server) as talk:
        quiet, plain, loud = [await spoken_pcm(talk, loudness_rate=rate) for rate in (-50, 0, 100)]
        assert "from -50 to 100" in await refusal(talk, output_audio={"loudness_rate": -51})
    levels = [measuring.level_db(sound, PCM_RATE) for sound in (quiet, plain, loud)]
    assert levels[1] - levels[0] == pytest.approx(6.0, abs=1.5)
    # Peaks are bent rather than clipped, which costs the loudest speech a little.
    assert levels[2] - levels[1] == pytest.approx(6.0, abs=2.0)
    assert abs(loud).max() <= 1.0


async def test_voice_id(scripted_server: RunningServer, measuring_server: RunningServer) -> None:
    """Another voice is heard; an unknown one is the default voice, and shown as it; a setting makes that an error."""
    async with talking(scripted_server) as talk:
        default = (await talk.configure()).data["output_audio"]["voice_id"]
        woman = await spoken_pcm(talk, voice_id="hibari-en-us-heart")
        man = await spoken_pcm(talk, voice_id="kokoro-jm-kumo")
        assert measuring.pitch_hz(woman, PCM_RATE) > 1.4 * measuring.pitch_hz(man, PCM_RATE)
        shown = (await talk.configure(output_audio={"voice_id": "7426720361733144585"})).data["output_audio"]
        assert shown["voice_id"] == default == "hibari-en-us-heart"
        assert "error" not in talk.types
    async with talking(measuring_server) as talk:
        said_of_it = await refusal(talk, output_audio={"voice_id": "7426720361733144585"})
        assert "data.output_audio.voice_id" in said_of_it
        assert "hibari-en-us-heart, openai-actor" in said_of_it


async def test_context_texts(
    scripted_server: RunningServer, measuring_server: RunningServer, speech_endpoint: SpeechStandIn
) -> None:
    """What steers the voice reaches a voice that can be told; the built-in ones follow it in speed, pitch and level,
    and what they cannot follow the log says once."""
    async with talking(scripted_server) as talk:
        sounds = {
            how: await spoken_pcm(talk, SHORT, context_texts=how, **STEADY)
            for how in ("", "语速快一点", "speak slowly", "低沉沙哑", "in a high-pitched voice", "大声点", "whisper")
        }
    length, pitch, level = (
        {how: measure(sound, PCM_RATE) for how, sound in sounds.items()}
        for measure in (measuring.sounding_s, measuring.pitch_hz, measuring.level_db)
    )
    assert length["语速快一点"] < 0.92 * length[""]
    assert length["speak slowly"] > 1.15 * length[""]
    assert pitch["低沉沙哑"] < 0.85 * pitch[""]
    assert pitch["in a high-pitched voice"] > 1.12 * pitch[""]
    assert level["大声点"] - level[""] == pytest.approx(3.0, abs=1.0)
    assert level["whisper"] - level[""] == pytest.approx(-9.0, abs=1.5)
    assert scripted_server.log().count("context_texts") == 0
    async with talking(measuring_server) as talk:
        how = "Speak like somebody who has just won the lottery."
        await spoken(talk, "Hello there.", voice_id="openai-actor", context_texts=how)
        assert speech_endpoint.asked[-1]["instructions"] == how
        for _ in range(2):
            sound = await spoken_pcm(talk, "Hello there.", voice_id="hibari-en-us-heart")
            assert measuring.sounding_s(sound, PCM_RATE) > 0.3
    log = [line for line in measuring_server.log().splitlines() if "context_texts" in line]
    assert len(log) == 1
    assert "hibari-en-us-heart" in log[0]


async def test_emotion_config(scripted_server: RunningServer) -> None:
    """A sad voice is lower, slower and quieter than an excited one; an empty object takes the emotion back."""
    async with talking(scripted_server) as talk:
        sad = await spoken_pcm(talk, emotion_config={"emotion": "sad"})
        excited = await spoken_pcm(talk, emotion_config={"emotion": "excited", "emotion_scale": 5})
        plain = await talk.configure(output_audio={"emotion_config": {}})
        assert "emotion_config" not in plain.data["output_audio"]
    assert measuring.pitch_hz(excited, PCM_RATE) > 1.1 * measuring.pitch_hz(sad, PCM_RATE)
    assert measuring.sounding_s(sad, PCM_RATE) > 1.12 * measuring.sounding_s(excited, PCM_RATE)
    assert measuring.level_db(excited, PCM_RATE) > 2 + measuring.level_db(sad, PCM_RATE)


async def test_emotion(scripted_server: RunningServer, measuring_server: RunningServer) -> None:
    """All nine are taken, another is refused; surprise is heard two semitones higher, disgust lower; flows are told."""
    emotions = "happy, sad, angry, surprised, fear, hate, excited, coldness, neutral"
    async with talking(scripted_server) as talk:
        for emotion in emotions.split(", "):
            updated = await talk.configure(output_audio={"emotion_config": {"emotion": emotion}})
            assert updated.data["output_audio"]["emotion_config"] == {"emotion": emotion, "emotion_scale": 4.0}
        assert emotions in await refusal(talk, output_audio={"emotion_config": {"emotion": "bored"}})
        neutral, surprised, hate = [
            await spoken_pcm(talk, SHORT, emotion_config={"emotion": emotion}, **STEADY)
            for emotion in ("neutral", "surprised", "hate")
        ]
    plain = measuring.pitch_hz(neutral, PCM_RATE)
    assert measuring.pitch_hz(surprised, PCM_RATE) / plain == pytest.approx(2 ** (2 / 12), abs=0.05)
    assert measuring.pitch_hz(hate, PCM_RATE) / plain == pytest.approx(2 ** (-0.8 / 12), abs=0.03)
    async with talking(measuring_server, workflow_id="told") as talk:
        await talk.configure(output_audio={"emotion_config": {"emotion": "surprised"}})
        assert json.loads(await written(talk, "hello"))["_voice_emotion"] == "surprised"


async def test_emotion_scale(scripted_server: RunningServer) -> None:
    """The same emotion, weak and strong."""
    async with talking(scripted_server) as talk:
        sounds = [
            await spoken_pcm(talk, SHORT, emotion_config={"emotion": "sad", "emotion_scale": scale}, **STEADY)
            for scale in (1, 5)
        ]
        assert "from 1 to 5" in await refusal(talk, output_audio={"emotion_config": {"emotion_scale": 5.5}})
    weak, strong = (measuring.sounding_s(sound, PCM_RATE) for sound in sounds)
    assert strong > 1.08 * weak
    high, low = (measuring.pitch_hz(sound, PCM_RATE) for sound in sounds)
    assert low < 0.97 * high
    quiet, quieter = (measuring.level_db(sound, PCM_RATE) for sound in sounds)
    assert quiet - quieter == pytest.approx(3.0, abs=1.0)
