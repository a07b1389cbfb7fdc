"""``/v1/audio/transcriptions`` over a real socket with the real recogniser (websocket.md 5)."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from kouyu.audio.wav import encode_wav, read_listening_audio
from tests.audio.signals import cut, packed
from tests.audio_sessions.wire import Wire, wired
from tests.end_to_end.running_server import RunningServer
from tests.fields import uploads

pytestmark = pytest.mark.models

PATH = "/v1/audio/transcriptions"
PCM_16K = {"format": "pcm", "codec": "pcm", "sample_rate": 16000, "channel": 1, "bit_depth": 16}
UPDATE = "transcriptions.message.update"
COMPLETED = "transcriptions.message.completed"
QUIET = np.zeros(16_000, np.float32)


@pytest.fixture(scope="module")
def capital(questions: Path) -> Samples:
    """What is the capital of France?"""
    return read_listening_audio(questions / "en-capital.wav")


@pytest.fixture(scope="module")
def sky(questions: Path) -> Samples:
    """What color is the sky?"""
    return read_listening_audio(questions / "en-sky.wav")


async def use(wire: Wire, **data: Any) -> dict[str, Any]:
    await wire.send("transcriptions.update", {"input_audio": PCM_16K, **data})
    return await wire.until("transcriptions.updated")


async def hear(wire: Wire, samples: Samples) -> None:
    """Send audio in pieces of 20 ms."""
    for piece in cut(packed(samples, 16), [640]):
        await wire.append(piece)


async def text_of(wire: Wire, count: int = 1) -> str:
    """Complete the buffer; the whole text of it."""
    await wire.send("input_audio_buffer.complete")
    return str((await wire.until(COMPLETED, count=count))["data"]["content"])


def words(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter == " ")


async def test_a_file_in_one_append_without_an_update(scripted_server: RunningServer, capital: Samples) -> None:
    """As in the recorded session: a WAV file of 24 kHz is what is expected of a client that says nothing."""
    async with wired(scripted_server, PATH) as wire:
        await wire.append(encode_wav(uploads.resampled(capital, 24_000), 24_000))
        text = await text_of(wire)
    assert "what is the capital of france" in words(text)
    ending = ["input_audio_buffer.completed", UPDATE, COMPLETED]
    assert wire.types[0] == "transcriptions.created"
    assert wire.types[-3:] == ending
    assert "data" not in wire.of("input_audio_buffer.completed")[0]
    assert wire.of(UPDATE)[-1]["data"] == {"content": text}


async def test_interim_transcripts_come_while_one_speaks(scripted_server: RunningServer, capital: Samples) -> None:
    async with wired(scripted_server, PATH) as wire:
        await use(wire)
        # Up to the middle of the last word, and no further before something has been told.
        await hear(wire, capital[: len(capital) * 3 // 4])
        interim = await wire.until(UPDATE)
        assert "input_audio_buffer.completed" not in wire.types
        assert words(interim["data"]["content"]).startswith("what")
        await hear(wire, capital[len(capital) * 3 // 4 :])
        text = await text_of(wire)
    assert "capital of france" in words(text)


async def test_an_update_is_answered_with_all_five_fields(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await wire.send("transcriptions.update", {"input_audio": {"format": "pcm", "codec": "g711a"}})
        updated = await wire.until("transcriptions.updated")
    assert updated["data"]["input_audio"] == {**PCM_16K, "codec": "g711a", "sample_rate": 8000}


async def test_every_input_format_is_understood(scripted_server: RunningServer, sky: Samples) -> None:
    formats: dict[str, tuple[dict[str, Any], list[bytes]]] = {
        "WAV in small pieces": ({"format": "wav"}, uploads.wav(sky, 44_100, 24, 2, [1, 30, 700])),
        "Ogg": ({"format": "ogg", "codec": "opus"}, uploads.ogg_opus(sky, [333])),
        "Opus": ({**PCM_16K, "codec": "opus", "sample_rate": 48_000}, uploads.opus_packets(sky)),
        "A-law": ({**PCM_16K, "codec": "g711a", "sample_rate": 48_000}, uploads.g711(sky, "g711a")),
        "mu-law": ({**PCM_16K, "codec": "g711u", "sample_rate": 8000}, uploads.g711(sky, "g711u")),
        "PCM at 48 kHz": ({**PCM_16K, "sample_rate": 48_000, "channel": 2}, uploads.pcm(sky, 48_000, channels=2)),
    }
    async with wired(scripted_server, PATH) as wire:
        for count, (name, (input_audio, pieces)) in enumerate(formats.items(), 1):
            await wire.send("transcriptions.update", {"input_audio": input_audio})
            for piece in pieces:
                await wire.append(piece)
            assert "color is the sky" in words(await text_of(wire, count)), name


async def test_the_text_grows_over_pauses_and_stays_in_one_piece(
    scripted_server: RunningServer, capital: Samples, sky: Samples
) -> None:
    async with wired(scripted_server, PATH) as wire:
        await use(wire)
        await hear(wire, np.concatenate((capital, QUIET)))
        await wire.until(UPDATE)
        await hear(wire, sky)
        text = await text_of(wire)
    assert words(text) == "what is the capital of france what color is the sky"
    assert wire.types.count(COMPLETED) == 1
    assert wire.of(UPDATE)[-1]["data"]["content"] == text
    contents = [event["data"]["content"] for event in wire.of(UPDATE)]
    assert all(one != other for one, other in pairwise(contents))


async def test_what_is_cleared_is_not_written(scripted_server: RunningServer, capital: Samples, sky: Samples) -> None:
    async with wired(scripted_server, PATH) as wire:
        await use(wire)
        await hear(wire, capital)
        await wire.send("input_audio_buffer.clear")
        await wire.until("input_audio_buffer.cleared")
        await hear(wire, sky)
        assert words(await text_of(wire)) == "what color is the sky"
        before = wire.types.index("input_audio_buffer.cleared")
        assert "capital" not in str(wire.events[before:])


async def test_each_buffer_has_a_text_of_its_own(
    scripted_server: RunningServer, capital: Samples, sky: Samples
) -> None:
    async with wired(scripted_server, PATH) as wire:
        await use(wire)
        await hear(wire, capital)
        await wire.send("input_audio_buffer.complete")
        await hear(wire, sky)  # without waiting for the first one's text
        assert words(await text_of(wire, 2)) == "what color is the sky"
    assert "capital of france" in words(wire.of(COMPLETED)[0]["data"]["content"])
    assert wire.types.count("input_audio_buffer.completed") == 2


async def test_a_buffer_without_speech_is_completed_without_a_text(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await use(wire)
        await hear(wire, QUIET)
        assert await text_of(wire) == ""
        assert await text_of(wire, 2) == ""
    assert wire.types[2:] == ["input_audio_buffer.completed", COMPLETED] * 2


async def test_with_output_no_stream_the_text_comes_once(scripted_server: RunningServer, capital: Samples) -> None:
    async with wired(scripted_server, PATH) as wire:
        await use(wire, asr_config={"stream_mode": "output_no_stream"})
        await hear(wire, np.concatenate((capital, QUIET, capital)))
        await text_of(wire)
    assert wire.types.count(UPDATE) == 1


async def test_a_faulty_piece_is_reported_and_left_out(scripted_server: RunningServer, sky: Samples) -> None:
    async with wired(scripted_server, PATH) as wire:
        await use(wire)
        await wire.send("input_audio_buffer.append", {"delta": "*"})
        await wire.send("input_audio_buffer.append", {})
        await wire.send("transcriptions.update", {"input_audio": {"bit_depth": 7}})
        third = await wire.until("error", count=3)
        await hear(wire, sky)
        assert "color is the sky" in words(await text_of(wire))
    told = [event["data"]["msg"] for event in wire.of("error")]
    assert ["data.delta" in msg for msg in told] == [True, True, False]
    assert third["data"]["msg"] == "data.input_audio.bit_depth: 7 is not allowed; allowed: 8, 16, 24"


async def test_audio_that_does_not_decode_is_reported(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await wire.send("transcriptions.update", {"input_audio": {"format": "ogg", "codec": "opus"}})
        await wire.append(b"certainly no Ogg stream" * 10)
        assert "data.delta" in (await wire.until("error"))["data"]["msg"]
        assert await text_of(wire) == ""
