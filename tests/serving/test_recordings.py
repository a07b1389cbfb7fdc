"""Recordings in messages are heard once each, the latest first, and a few for each request."""

import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from kouyu.agents.agent import ContextMessage
from kouyu.agents.attachments import Attachments
from kouyu.agents.fetching import Fetched, Fetcher, FetchingOptions
from kouyu.audio.pcm import Samples
from kouyu.audio.wav_of_pcm import wav_of_pcm
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.serving.caller import UNLIMITED
from kouyu.serving.recordings import Recordings
from kouyu.serving.transcribing import TranscriptionRequest
from kouyu.workers.limited import LimitedWorkers

LEFT_OUT = "[an earlier recording, left out]"


class Listener:
    """Recognises a recording by its length: 100 ms are "1", 200 ms are "2" and so on."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.asked: list[tuple[TranscriptionRequest | None, Priority]] = []
        self.is_broken = False

    async def transcribe(
        self, samples: Samples, how: TranscriptionRequest | None = None, priority: Priority = Priority.BATCH
    ) -> str:
        if self.is_broken:
            raise EngineError("the recogniser is gone")
        self.asked.append((how, priority))
        self.heard.append(round(len(samples) / SPEECH_RATE * 10))
        return str(self.heard[-1])


async def read(owner: str, file_id: str) -> Fetched | None:
    if not file_id.isdigit():
        return Fetched("a.wav", b"no audio")
    pcm = np.zeros(int(file_id) * SPEECH_RATE // 10, np.int16).tobytes()
    return Fetched("a.wav", wav_of_pcm(pcm, SPEECH_RATE))


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def recordings(listener: Listener, workers: LimitedWorkers) -> AsyncIterator[Recordings]:
    fetcher = Fetcher(FetchingOptions())
    yield Recordings(Attachments(read, fetcher, workers), listener.transcribe, workers)
    await fetcher.close()


def message(*file_ids: str) -> ContextMessage:
    parts = [{"type": "text", "text": "listen"}, *({"type": "audio", "file_id": file_id} for file_id in file_ids)]
    return ContextMessage(role="user", content=json.dumps(parts), content_type="object_string")


async def texts(recordings: Recordings, *messages: ContextMessage) -> list[str]:
    """What stands in the recordings' places."""
    shown: list[list[dict[str, Any]]] = [
        json.loads(each.content) for each in await recordings.heard(messages, UNLIMITED)
    ]
    assert all(part["type"] == "text" for parts in shown for part in parts)
    return [part["text"] for parts in shown for part in parts[1:]]


async def test_of_many_recordings_the_latest_eight_are_heard_and_the_earlier_ones_at_the_next_request(
    recordings: Recordings, listener: Listener
) -> None:
    asked = message("1", "2"), message("3", "4", "5"), message("6", "7", "8", "9", "10")
    assert await texts(recordings, *asked) == [LEFT_OUT, LEFT_OUT, "3", "4", "5", "6", "7", "8", "9", "10"]
    assert listener.heard == [10, 9, 8, 7, 6, 5, 4, 3]
    assert await texts(recordings, *asked) == [str(number) for number in range(1, 11)]
    assert listener.heard[8:] == [2, 1], "each is heard once"


async def test_eight_recordings_are_all_heard(recordings: Recordings) -> None:
    assert LEFT_OUT not in await texts(recordings, message(*map(str, range(1, 9))))
    assert await texts(recordings, message(*map(str, range(11, 20)))) == [LEFT_OUT, *map(str, range(12, 20))]


async def test_one_that_cannot_be_heard_is_a_note_and_is_tried_again(
    recordings: Recordings, listener: Listener
) -> None:
    listener.is_broken = True
    assert await texts(recordings, message("1")) == [
        "[a recording that could not be transcribed: the recogniser is gone]"
    ]
    listener.is_broken = False
    assert await texts(recordings, message("1")) == ["1"]
    (note,) = await texts(recordings, message("nothing"))
    assert note.startswith("[a recording that could not be transcribed: ")


@pytest.mark.parametrize(
    "content",
    ["hello", "[]", "no JSON", json.dumps([{"type": "text", "text": "hi"}, {"type": "file", "file_id": "1"}])],
)
async def test_a_message_without_recordings_stays_as_it_is(recordings: Recordings, content: str) -> None:
    for content_type in ("text", "object_string"):
        asked = ContextMessage(role="user", content=content, content_type=content_type)
        assert await recordings.heard([asked], UNLIMITED) == (asked,)


async def test_a_recording_that_a_client_waits_for_is_heard_like_a_turn(
    recordings: Recordings, listener: Listener
) -> None:
    how = TranscriptionRequest()
    assert await recordings.words(np.zeros(SPEECH_RATE // 10, np.float32), how) == "1"
    assert listener.asked == [(how, Priority.FINAL)]
