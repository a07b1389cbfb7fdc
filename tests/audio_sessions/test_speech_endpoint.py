"""``/v1/audio/speech`` over a real socket with real voices (websocket.md 4)."""

import io
import time
from typing import Any

import av
import numpy as np
import pytest

from kouyu.audio.g711 import decode_alaw, decode_mulaw
from kouyu.audio.pcm import Samples, float_from_int16
from tests.audio.signals import level_db
from tests.audio_sessions.wire import Wire, wired
from tests.end_to_end.running_server import RunningServer
from tests.fields.pacing import is_paced

pytestmark = pytest.mark.models

PATH = "/v1/audio/speech"
TEXT = "The train leaves at nine."
AUDIO = "speech.audio.update"
COMPLETED = "speech.audio.completed"


async def say(wire: Wire, *pieces: str, count: int = 1) -> None:
    """Speak a text that comes in pieces, to its end."""
    for piece in pieces:
        await wire.send("input_text_buffer.append", {"delta": piece})
    await wire.send("input_text_buffer.complete")
    await wire.until(COMPLETED, count=count)


async def spoken(server: RunningServer, **output_audio: Any) -> list[bytes]:
    """The packets of TEXT."""
    async with wired(server, PATH) as wire:
        await wire.send("speech.update", {"output_audio": output_audio})
        await say(wire, TEXT)
        return wire.audio(AUDIO)


def pcm(packets: list[bytes]) -> Samples:
    return float_from_int16(np.frombuffer(b"".join(packets), "<i2"))


async def test_the_order_is_that_of_the_recorded_session(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await say(wire, TEXT)
    beginning = ["speech.created", "input_text_buffer.completed", "conversation.audio.sentence_start", AUDIO]
    assert wire.types[:4] == beginning
    assert set(wire.types[4:-1]) == {AUDIO}
    assert wire.types[-1] == COMPLETED
    assert wire.of("conversation.audio.sentence_start")[0]["data"] == {"text": TEXT}


async def test_events_have_the_envelope_of_the_service(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await say(wire, TEXT)
        log_id = wire.connection.response.headers["X-Tt-Logid"]  # type: ignore[union-attr]
    assert {event["detail"]["logid"] for event in wire.events} == {log_id}
    assert len({event["id"] for event in wire.events}) == len(wire.events)
    assert all(event["detail"]["respond_at"].isdigit() for event in wire.events)
    assert "data" not in wire.events[0]
    assert "data" not in wire.of(COMPLETED)[0]


async def test_without_an_update_it_is_pcm_at_24_khz(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await say(wire, TEXT)
    packets = wire.audio(AUDIO)
    assert all(len(packet) % 2 == 0 for packet in packets)
    assert max(map(len, packets)) <= 12_000
    assert 1.0 < len(b"".join(packets)) / 2 / 24_000 < 3.0
    assert level_db(pcm(packets)) > -35


async def test_a_sentence_is_spoken_before_the_text_is_complete(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        for piece in ("The train lea", "ves at nine. It ar", "rives at ten"):
            await wire.send("input_text_buffer.append", {"delta": piece})
        await wire.until(AUDIO)
        assert "input_text_buffer.completed" not in wire.types
        await say(wire, " in the evening.")
    starts = [event["data"]["text"] for event in wire.of("conversation.audio.sentence_start")]
    assert starts == ["The train leaves at nine.", "It arrives at ten in the evening."]
    assert wire.types.count(COMPLETED) == 1
    second = [place for place, kind in enumerate(wire.types) if kind == "conversation.audio.sentence_start"][1]
    assert AUDIO in wire.types[second:]


async def test_one_connection_speaks_one_text_after_the_other(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await say(wire, "One.")
        first = len(wire.audio(AUDIO))
        await say(wire, "Two.", count=2)
    assert len(wire.audio(AUDIO)) > first
    assert wire.types.count("input_text_buffer.completed") == 2


@pytest.mark.parametrize("text", ["", "   ", "..."])
async def test_nothing_to_say_is_completed_too(scripted_server: RunningServer, text: str) -> None:
    async with wired(scripted_server, PATH) as wire:
        await say(wire, text)
    assert wire.types == ["speech.created", "input_text_buffer.completed", COMPLETED]


async def test_an_update_is_answered_with_the_whole_configuration(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await wire.send("speech.update", {"output_audio": {"speech_rate": 20, "voice_id": ""}})
        updated = await wire.until("speech.updated")
        await wire.send("speech.update")
        again = await wire.until("speech.updated", count=2)
    assert updated["data"] == again["data"]
    assert updated["data"]["output_audio"] == {
        "codec": "pcm",
        "pcm_config": {"sample_rate": 24000},
        "speech_rate": 20,
        "loudness_rate": 0,
        "voice_id": "hibari-en-us-heart",
        "context_texts": "",
    }


async def test_a_voice_that_is_not_here_becomes_the_default_one(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await wire.send("speech.update", {"output_audio": {"voice_id": "somebody"}})
        updated = await wire.until("speech.updated")
    assert updated["data"]["output_audio"]["voice_id"] == "hibari-en-us-heart"


async def test_every_codec_can_be_heard(scripted_server: RunningServer) -> None:
    plain = await spoken(scripted_server, codec="pcm", pcm_config={"sample_rate": 16000})
    seconds = len(b"".join(plain)) / 2 / 16_000
    alaw = await spoken(scripted_server, codec="g711a")
    assert len(b"".join(alaw)) / 8000 == pytest.approx(seconds, rel=0.2)
    assert level_db(decode_alaw(b"".join(alaw))) > -35
    mulaw = await spoken(scripted_server, codec="g711u", pcm_config={"frame_size_ms": 20})
    assert {len(packet) for packet in mulaw} == {160}
    assert level_db(decode_mulaw(b"".join(mulaw))) > -35
    opus = await spoken(scripted_server, codec="opus", opus_config={"frame_size_ms": 20})
    assert len(opus) * 0.02 == pytest.approx(seconds, rel=0.2)
    mp3 = await spoken(scripted_server, codec="mp3")
    with av.open(io.BytesIO(b"".join(mp3)), "r", format="mp3") as container:
        frames = list(container.decode(audio=0))
    assert sum(frame.samples for frame in frames) / 44_100 == pytest.approx(seconds, rel=0.2)


async def test_rate_loudness_and_emotion_are_heard(scripted_server: RunningServer) -> None:
    plain = pcm(await spoken(scripted_server))
    fast = pcm(await spoken(scripted_server, speech_rate=100))
    quiet = pcm(await spoken(scripted_server, loudness_rate=-50))
    sad = pcm(await spoken(scripted_server, emotion_config={"emotion": "sad", "emotion_scale": 5}))
    assert 1.6 < len(plain) / len(fast) < 2.4
    assert level_db(plain) - level_db(quiet) == pytest.approx(6, abs=1)
    assert len(sad) > len(plain)
    assert level_db(sad) < level_db(plain) - 2


async def test_limit_config_slows_the_packets_down(scripted_server: RunningServer) -> None:
    limit = {"period": 1, "max_frame_num": 10}
    async with wired(scripted_server, PATH) as wire:
        pacing = {"frame_size_ms": 100, "limit_config": limit}
        await wire.send("speech.update", {"output_audio": {"pcm_config": pacing}})
        asked_at = time.monotonic()
        await say(wire, TEXT)
    times = [at - asked_at for at, event in zip(wire.times, wire.events, strict=True) if event["event_type"] == AUDIO]
    assert is_paced(times, 10, 1)


async def test_an_update_holds_from_the_next_sentence_on(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await wire.send("input_text_buffer.append", {"delta": "One, two, three. "})
        await wire.until(AUDIO)
        await wire.send("speech.update", {"output_audio": {"codec": "opus", "opus_config": {"frame_size_ms": 60}}})
        await say(wire, "Four, five, six.")
    assert max(map(len, wire.audio(AUDIO))) > 5_000
    assert len(wire.audio(AUDIO)[-1]) < 1_500


FAULTS = {
    "no json": ["not JSON"],
    '{"event_type":"input_text_buffer.append"}': ["data.delta", "null", "a text"],
    '{"event_type":"speech.update","data":{"output_audio":{"codec":"aac"}}}': [
        "data.output_audio.codec",
        '"aac"',
        "pcm, g711a, g711u, opus, mp3",
    ],
    '{"event_type":"speech.update","data":{"output_audio":{"speech_rate":101}}}': [
        "data.output_audio.speech_rate",
        "101",
        "-50 to 100",
    ],
}
"""Malformed messages, and what an error names: the field, its value and the range."""


async def test_a_malformed_event_is_reported_and_the_connection_continues(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        for count, (message, named) in enumerate(FAULTS.items(), 1):
            await wire.connection.send(message)
            error = await wire.until("error", count=count)
            assert error["data"]["code"] == 4000
            assert error["data"]["message"] == error["data"]["msg"]
            assert all(name in error["data"]["msg"] for name in named)
            assert error["detail"]["origin_message"] == message
        await say(wire, "Still here.")
    assert wire.audio(AUDIO)


async def test_an_unknown_event_is_not_answered(scripted_server: RunningServer) -> None:
    async with wired(scripted_server, PATH) as wire:
        await wire.send("chat.update", {"chat_config": {}})
        await say(wire, "")
    assert "error" not in wire.types


async def test_an_entity_that_is_not_here_is_reported(scripted_server: RunningServer) -> None:
    for query, code, told in (
        ("entity_type=bot&entity_id=nobody", 4200, "'nobody'"),
        ("entity_type=flower&entity_id=rose", 4000, "bot, workflow"),
        ("entity_type=workflow&entity_id=7", 4200, "'7'"),
    ):
        async with wired(scripted_server, f"{PATH}?{query}") as wire:
            error = await wire.until("error")
            await wire.connection.wait_closed()
        assert error["data"]["code"] == code
        assert told in error["data"]["msg"]
    async with wired(scripted_server, f"{PATH}?entity_type=bot&entity_id=scripted&more=1") as wire:
        await wire.until("speech.created")
