"""What the audio sessions do when engines fail and clients misbehave."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from kouyu.audio_sessions import live_transcriber as listening
from kouyu.engines.scheduler import Priority
from tests.audio_sessions.in_process import Pipe, session, settled, until

pytestmark = pytest.mark.models

PCM_16K = {"format": "pcm", "codec": "pcm", "sample_rate": 16000, "channel": 1, "bit_depth": 16}
UPDATE = "transcriptions.message.update"
COMPLETED = "transcriptions.message.completed"


def loud(seconds: float) -> Samples:
    """What counts as speech: hummed without a pause."""
    return np.full(round(seconds * 16_000), 0.5, np.float32)


def quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * 16_000), np.float32)


def listen(pipe: Pipe) -> None:
    pipe.say("transcriptions.update", input_audio=PCM_16K)


async def test_a_sentence_that_cannot_be_said_is_reported_and_the_others_are_said(tmp_path: Path) -> None:
    async with session(tmp_path, "speech") as running:
        running.synthesiser.fails = "Two is odd."
        running.pipe.say("input_text_buffer.append", delta="One is odd. Two is odd. Three is odd.")
        running.pipe.say("input_text_buffer.complete")
        await running.pipe.until("speech.audio.completed")
    assert running.synthesiser.said == ["One is odd.", "Two is odd.", "Three is odd."]
    errors = [event["data"] for event in running.pipe.events if event["event_type"] == "error"]
    assert [(error["code"], error["msg"]) for error in errors] == [(5000, "a sentence was not spoken: no voice")]
    assert running.pipe.types.count("conversation.audio.sentence_start") == 2


async def test_a_voice_that_is_not_here_is_refused_where_the_server_wants_it(tmp_path: Path) -> None:
    async with session(tmp_path, "speech", unknown_voice_is_error=True) as running:
        running.pipe.say("speech.update", output_audio={"voice_id": "somebody"})
        error = await running.pipe.until("error")
        running.pipe.say("speech.update", output_audio={"voice_id": "buzz"})
        updated = await running.pipe.until("speech.updated", count=2)
    assert error["data"]["msg"] == 'data.output_audio.voice_id: "somebody" is not allowed; allowed: hum, buzz'
    assert updated["data"]["output_audio"]["voice_id"] == "buzz"


async def test_likely_mistakes_of_the_client_are_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with session(tmp_path, "speech") as running:
        for _ in range(3):
            running.pipe.say("chat.update")
            running.pipe.say("input_text_buffer.append", delta=5)
        await running.pipe.until("error", count=3)
    told = [text.partition(": ")[2] for text in caplog.messages]
    assert told == ["unknown event_type 'chat.update': it is ignored", "error 4000: data.delta is not allowed"]


async def test_a_client_that_does_not_read_holds_synthesis_up(tmp_path: Path) -> None:
    async with session(tmp_path, "speech") as running:
        await running.pipe.until("speech.created")
        running.pipe.reads.clear()
        text = " ".join(f"This is sentence {number}." for number in range(200))
        running.pipe.say("input_text_buffer.append", delta=text)
        # A sentence is six events, 200 events wait, and no more is made.
        await until(lambda: len(running.synthesiser.said) > 25)
        await settled()
        assert len(running.synthesiser.said) < 50
        running.pipe.reads.set()
        running.pipe.say("input_text_buffer.complete")
        await running.pipe.until("speech.audio.completed")
    assert len(running.synthesiser.said) == 200


async def test_a_client_that_leaves_ends_its_session(tmp_path: Path) -> None:
    async with session(tmp_path, "transcriptions") as running:
        running.recogniser.free.clear()
        listen(running.pipe)
        running.pipe.append(np.concatenate((loud(2), quiet(1))))
        await running.pipe.until("transcriptions.updated")
        await until(lambda: bool(running.recogniser.asked))
        running.pipe.hang_up()
        async with asyncio.timeout(5):
            await running.task
    assert running.recogniser.cancelled == len(running.recogniser.asked)


async def test_recognition_that_fails_is_reported_and_the_next_buffer_works(tmp_path: Path) -> None:
    async with session(tmp_path, "transcriptions") as running:
        listen(running.pipe)
        running.recogniser.fails = True
        running.pipe.append(loud(2))
        running.pipe.say("input_audio_buffer.complete")
        await running.pipe.until(COMPLETED)
        running.recogniser.fails = False
        running.pipe.append(loud(2))
        running.pipe.say("input_audio_buffer.complete")
        second = await running.pipe.until(COMPLETED, count=2)
    errors = [event["data"]["msg"] for event in running.pipe.events if event["event_type"] == "error"]
    assert errors == ["speech recognition failed: no ears"]
    assert "2 s" in second["data"]["content"]


async def test_speech_without_a_pause_is_cut_before_it_is_too_long(tmp_path: Path) -> None:
    async with session(tmp_path, "transcriptions") as running:
        listen(running.pipe)
        running.pipe.append(loud(70))
        running.pipe.say("input_audio_buffer.complete")
        await running.pipe.until(COMPLETED)
    finals = [seconds for seconds, priority in running.recogniser.asked if priority != Priority.INTERIM]
    assert max(finals) < 28
    assert abs(sum(finals) - 70) < 0.1


async def test_a_recording_sent_at_once_gives_way_to_those_who_speak(tmp_path: Path) -> None:
    async with session(tmp_path, "transcriptions") as running:
        listen(running.pipe)
        running.recogniser.free.clear()
        running.pipe.append(np.concatenate([loud(2), quiet(1)] * 4))
        running.pipe.say("input_audio_buffer.complete")
        await running.pipe.until("input_audio_buffer.completed")
        running.recogniser.free.set()
        await running.pipe.until(COMPLETED)
    finals = [priority for _, priority in running.recogniser.asked if priority != Priority.INTERIM]
    assert finals[-1] == Priority.FINAL
    assert finals.count(Priority.BATCH) >= 2


async def test_reading_continues_until_too_much_speech_waits_to_be_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_WAITING_S", 30)
    async with session(tmp_path, "transcriptions") as running:
        listen(running.pipe)
        running.recogniser.free.clear()
        for _ in range(10):
            running.pipe.append(np.concatenate([loud(2), quiet(1)]))
        running.pipe.say("input_audio_buffer.complete")
        await running.pipe.until("input_audio_buffer.completed")
        for _ in range(10):
            running.pipe.append(np.concatenate([loud(2), quiet(1)]))
        running.pipe.say("input_audio_buffer.complete")
        await settled()
        assert running.pipe.types.count("input_audio_buffer.completed") == 1
        running.recogniser.free.set()
        await until(lambda: running.pipe.types.count(COMPLETED) == 2)


async def test_what_is_cleared_while_it_is_recognised_is_not_told(tmp_path: Path) -> None:
    async with session(tmp_path, "transcriptions") as running:
        listen(running.pipe)
        running.recogniser.free.clear()
        running.pipe.append(np.concatenate((loud(9), quiet(1))))
        running.pipe.say("input_audio_buffer.clear")
        await running.pipe.until("input_audio_buffer.cleared")
        running.recogniser.free.set()
        running.pipe.append(loud(5))
        running.pipe.say("input_audio_buffer.complete")
        completed = await running.pipe.until(COMPLETED)
    assert "5 s" in completed["data"]["content"]
    assert "9 s" not in str(running.pipe.events)


async def test_interim_transcripts_stop_for_the_final_one(tmp_path: Path) -> None:
    async with session(tmp_path, "transcriptions") as running:
        listen(running.pipe)
        running.recogniser.free.clear()
        running.pipe.append(loud(2))
        await until(lambda: bool(running.recogniser.asked))
        running.pipe.append(quiet(1))
        await running.pipe.until("transcriptions.updated")
        await until(lambda: len(running.recogniser.asked) > 1)
        running.recogniser.free.set()
        await running.pipe.until(UPDATE)
    assert [priority for _, priority in running.recogniser.asked][:2] == [Priority.INTERIM, Priority.FINAL]
    assert running.recogniser.cancelled == 1
