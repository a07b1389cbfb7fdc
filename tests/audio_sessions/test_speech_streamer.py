"""When the event that ends a text is sent: players that start slowly must not get it before they play."""

import asyncio
from typing import Final

import pytest

from kouyu.audio_sessions.services import SynthesisServices
from kouyu.audio_sessions.speech_streamer import END_AFTER_S, SpeechStreamer
from kouyu.domain.configuration import OutputAudio
from kouyu.protocol.coze.audio_endpoint_downlink import AudioEvent
from tests.audio_sessions.in_process import Synthesiser

AUDIO: Final = "speech.audio.update"
COMPLETED: Final = "speech.audio.completed"


async def sent(*texts: tuple[str, ...]) -> list[tuple[str, float]]:
    """The events of these texts, each of some sentences, and when each was sent, in seconds."""
    found: list[tuple[str, float]] = []
    ended = asyncio.Event()
    now = asyncio.get_running_loop().time

    async def send(event: AudioEvent) -> None:
        found.append((event.event_type, now()))
        if event.event_type == COMPLETED:
            ended.set()

    services = SynthesisServices(synthesizer=Synthesiser(), patience_s=20.0)
    speaker = SpeechStreamer(services, send, audio_type=AUDIO, announces=False)
    working = asyncio.create_task(speaker.work())
    for text in texts:
        ended.clear()
        for sentence in text:
            await speaker.say(sentence, OutputAudio())
        await speaker.end(AudioEvent(COMPLETED))
        async with asyncio.timeout(20):
            await ended.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    speaker.close()
    return found


async def test_a_text_whose_speech_is_there_at_once_ends_when_a_player_has_had_time_to_start() -> None:
    found = await sent(("One.",), ("Two.", "Three."))
    ends = [at for kind, at in found if kind == COMPLETED]
    second = next(at for kind, at in found if kind == AUDIO and at > ends[0])
    assert ends[0] - found[0][1] >= END_AFTER_S
    assert ends[1] - second >= END_AFTER_S


async def test_a_text_without_speech_ends_at_once() -> None:
    assert [kind for kind, _ in await sent(())] == [COMPLETED]
