"""data.input_audio: the same spoken question in every format, and what the recogniser makes of it."""

from collections.abc import Sequence

import pytest

from tests.audio.signals import cut, interleaved, packed, similarity
from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import uploads
from tests.fields.spoken import push, question, refusal
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

RATES = (8000, 16000, 22050, 24000, 32000, 44100, 48000)


async def asked(talk: Talk, pieces: Sequence[bytes], **input_audio: object) -> None:
    """Ask the question in a format; it must be understood."""
    await talk.configure(input_audio=input_audio)
    transcript = await push(talk, pieces)
    assert "capital of france" in transcript.lower(), input_audio


async def test_input_audio(scripted_server: RunningServer) -> None:
    """Merged key by key; a new format holds from the next buffer, never in the middle of one."""
    pieces = uploads.pcm(question())
    async with talking(scripted_server) as talk:
        await talk.configure(input_audio={"format": "pcm", "sample_rate": 16000})
        half = len(pieces) // 2
        for piece in pieces[:half]:
            await talk.client.send_audio(piece)
        updated = await talk.configure(input_audio={"sample_rate": 48000, "channel": 2})
        assert updated.data["input_audio"] == {
            "format": "pcm",
            "codec": "pcm",
            "sample_rate": 48000,
            "channel": 2,
            "bit_depth": 16,
        }
        assert "capital of france" in (await push(talk, pieces[half:])).lower()
        assert "capital of france" in (await push(talk, uploads.pcm(question(), 48000, 16, 2))).lower()


async def test_format(scripted_server: RunningServer) -> None:
    """PCM without a header; WAV cut anywhere, whose own header wins; Ogg with Opus. Other words are refused."""
    async with talking(scripted_server) as talk:
        await asked(talk, uploads.pcm(question(), 24000), format="pcm", sample_rate=24000)
        for sizes in ([1, 7, 30, 3001], [4096]):
            pieces = uploads.wav(question(), 44100, 24, 2, sizes)
            await asked(talk, pieces, format="wav", sample_rate=8000, channel=1, bit_depth=8)
        for sizes in ([27, 900], [10_000]):
            await asked(talk, uploads.ogg_opus(question(), sizes), format="ogg", codec="opus")
        assert "pcm, wav, ogg" in await refusal(talk, input_audio={"format": "mp3"})


async def test_codec(scripted_server: RunningServer) -> None:
    """PCM, raw Opus packets one to an append, and G.711; what does not go with the format is refused, and says so."""
    async with talking(scripted_server) as talk:
        await asked(talk, uploads.pcm(question(), 16000), format="pcm", codec="pcm", sample_rate=16000)
        for rate, frame_ms in ((16000, 60), (48000, 20)):
            packets = uploads.opus_packets(question(), rate, frame_ms)
            await asked(talk, packets, codec="opus", sample_rate=rate)
        for codec in ("g711a", "g711u"):
            await asked(talk, uploads.g711(question(), codec), codec=codec, sample_rate=8000)
        for codec in ("g711a", "g711u"):
            for format_ in ("wav", "ogg"):
                told = await refusal(talk, input_audio={"format": format_, "codec": codec})
                assert f"data.input_audio.format: '{format_}'" in told.replace('"', "'")
                assert codec in told
        assert "wav" in await refusal(talk, input_audio={"format": "wav", "codec": "opus"})
        assert "g711u" in await refusal(talk, input_audio={"codec": "aac"})


async def test_sample_rate(
    scripted_server: RunningServer, measuring_server: RunningServer, recogniser: RecognitionStandIn
) -> None:
    """All seven; the recogniser gets the same sound from each. G.711 is at 8000 Hz whatever is said."""
    async with talking(measuring_server) as talk:
        for rate in RATES:
            await talk.configure(input_audio={"format": "pcm", "sample_rate": rate})
            heard = recogniser.behind(await push(talk, uploads.pcm(question(), rate)))
            assert similarity(question(), heard.audio, 16_000) > (0.9 if rate == 8000 else 0.98), rate
        shown = await talk.configure(input_audio={"format": "pcm", "codec": "g711a", "sample_rate": 16000})
        assert shown.data["input_audio"]["sample_rate"] == 8000
        heard = recogniser.behind(await push(talk, uploads.g711(question(), "g711a")))
        assert similarity(question(), heard.audio, 16_000) > 0.9
        assert "8000, 16000" in await refusal(talk, input_audio={"sample_rate": 12000})
    async with talking(scripted_server) as talk:
        for rate in (8000, 22050, 48000):
            await asked(talk, uploads.pcm(question(), rate), format="pcm", sample_rate=rate)


async def test_channel(
    scripted_server: RunningServer, measuring_server: RunningServer, recogniser: RecognitionStandIn
) -> None:
    """Two channels are mixed down: the question on the right alone is understood, and reaches the recogniser whole."""
    one_sided = cut(packed(interleaved(question() * 0, question()), 16), [1601])
    async with talking(scripted_server) as talk:
        await asked(talk, one_sided, format="pcm", sample_rate=16000, channel=2)
        await asked(talk, uploads.pcm(question()), format="pcm", sample_rate=16000, channel=1)
        assert "1, 2" in await refusal(talk, input_audio={"channel": 6})
    async with talking(measuring_server) as talk:
        await talk.configure(input_audio={"format": "pcm", "sample_rate": 16000, "channel": 2})
        heard = recogniser.behind(await push(talk, one_sided))
    assert similarity(question(), heard.audio, 16_000) > 0.98


async def test_bit_depth(scripted_server: RunningServer) -> None:
    """8 bit unsigned, 16 and 24 bit signed; pieces may end in the middle of a sample."""
    async with talking(scripted_server) as talk:
        for bit_depth in (8, 16, 24):
            pieces = uploads.pcm(question(), 16000, bit_depth)
            await asked(talk, pieces, format="pcm", sample_rate=16000, bit_depth=bit_depth)
        assert "8, 16, 24" in await refusal(talk, input_audio={"bit_depth": 32})
