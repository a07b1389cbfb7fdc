"""``audio/transcriptions`` by the openai package, with the real recogniser."""

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from openai import OpenAI

from kouyu.audio.wav import encode_wav, read_listening_audio
from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def recording(questions: Path) -> tuple[str, bytes]:
    """Two questions with a long pause between them, beginning at about 0 s and at 14 s."""
    sky, capital = (read_listening_audio(questions / f"en-{name}.wav") for name in ("sky", "capital"))
    pause = np.zeros(14 * 16_000 - len(sky), np.float32)
    return "said.wav", encode_wav(np.concatenate([sky, pause, capital]), 16_000)


def test_the_text_of_a_recording(client: OpenAI, recording: tuple[str, bytes]) -> None:
    heard = client.audio.transcriptions.create(model="whisper-1", file=recording, language="en", temperature=0)
    assert "color is the sky" in heard.text
    assert "capital of France" in heard.text
    assert heard.usage is not None
    assert heard.usage.type == "duration"
    assert 14 < heard.usage.seconds < 20


def test_segments_have_the_times_at_which_they_were_said(client: OpenAI, recording: tuple[str, bytes]) -> None:
    heard = client.audio.transcriptions.create(
        model="whisper-1", file=recording, response_format="verbose_json", timestamp_granularities=["segment"]
    )
    assert heard.language == "english"
    assert heard.segments is not None
    first, last = heard.segments[0], heard.segments[-1]
    assert "sky" in first.text
    assert first.start < 2
    assert "France" in last.text
    assert 13 < last.start < last.end < heard.duration


def test_subtitles_can_be_had(client: OpenAI, recording: tuple[str, bytes]) -> None:
    srt: Any = client.audio.transcriptions.create(model="whisper-1", file=recording, response_format="srt")
    assert srt.startswith("1\n00:00:0")
    assert "\n2\n00:00:1" in srt
    vtt: Any = client.audio.transcriptions.create(model="whisper-1", file=recording, response_format="vtt")
    assert vtt.startswith("WEBVTT\n\n00:00:0")


def test_a_stream_has_a_delta_for_each_segment(client: OpenAI, recording: tuple[str, bytes]) -> None:
    events = list(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=recording, stream=True))
    *deltas, done = events
    assert [event.type for event in deltas] == ["transcript.text.delta"] * len(deltas)
    assert len(deltas) >= 2
    assert done.type == "transcript.text.done"
    assert "".join(event.delta for event in deltas if event.type == "transcript.text.delta") == done.text


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ({"response_format": "verbose_json", "timestamp_granularities": ["word"]}, "timestamp_granularities[]"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"include": ["logprobs"]}, "include[]"),
        ({"file": ("a.wav", b"no audio at all")}, "file"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    client: OpenAI, recording: tuple[str, bytes], parts: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as told:
        client.audio.transcriptions.create(**{"model": "whisper-1", "file": recording, **parts})
    assert told.value.param == param


def test_a_translation_is_refused_and_says_what_to_do(
    scripted_server: RunningServer, recording: tuple[str, bytes]
) -> None:
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    url = f"{scripted_server.http}/openai/v1/audio/translations"
    answer = httpx.post(url, headers=headers, data={"model": "whisper-1"}, files={"file": recording})
    assert answer.status_code == 400
    assert "chat/completions" in answer.json()["error"]["message"]
