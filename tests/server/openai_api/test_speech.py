"""``audio/speech`` by the openai package, with a real voice."""

import base64
import json

import httpx
import numpy as np
import openai
import pytest
from openai import OpenAI

from kouyu.audio.pcm import float_from_int16
from kouyu.audio.wav import decode_audio
from tests.audio.signals import level_db
from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models

TEXT = "The train leaves at nine."
MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


@pytest.mark.parametrize(("name", "media_type"), MEDIA_TYPES.items())
def test_every_format_is_a_file_of_its_kind(client: OpenAI, name: str, media_type: str) -> None:
    answer = client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format=name)  # type: ignore[arg-type]
    assert answer.response.headers["content-type"] == media_type
    content = answer.read()
    if name == "pcm":
        samples, rate = float_from_int16(np.frombuffer(content, "<i2")), 24_000
    else:
        samples, rate = decode_audio(content)
    assert rate == (48_000 if name == "opus" else 24_000)
    assert 1.0 < len(samples) / rate < 3.0
    assert level_db(samples) > -35


def test_it_comes_while_it_is_made_and_ends_when_the_client_leaves(
    client: OpenAI, scripted_server: RunningServer
) -> None:
    text = " ".join(f"This is sentence number {number}." for number in range(30))
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="hibari-en-us-heart", input=text, response_format="wav"
    ) as answer:
        first = next(answer.iter_bytes(4_096))
        assert first[:4] == b"RIFF"
        assert "content-length" not in answer.headers
    assert client.audio.speech.create(model="tts-1", voice="alloy", input="Next.").read()


def test_events_hold_the_file_in_pieces(scripted_server: RunningServer) -> None:
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    body = {"model": "tts-1", "voice": "alloy", "input": TEXT, "stream_format": "sse", "response_format": "pcm"}
    answer = httpx.post(f"{scripted_server.http}/openai/v1/audio/speech", headers=headers, json=body, timeout=60)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    *deltas, done = events
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert len(b"".join(base64.b64decode(event["audio"]) for event in deltas)) > 48_000
    assert done["type"] == "speech.audio.done"
    assert done["usage"].keys() == {"input_tokens", "output_tokens", "total_tokens"}


def test_speed_reaches_from_a_quarter_to_four_times(client: OpenAI) -> None:
    def length(speed: float) -> int:
        made = client.audio.speech.create(model="x", voice="alloy", input=TEXT, response_format="pcm", speed=speed)
        return len(made.read())

    plain = length(1)
    assert plain / length(4) == pytest.approx(4, rel=0.25)
    assert plain / length(0.25) == pytest.approx(0.25, rel=0.25)


def test_directions_are_followed(client: OpenAI) -> None:
    def length(instructions: str) -> int:
        made = client.audio.speech.create(
            model="x", voice="alloy", input=TEXT, response_format="pcm", instructions=instructions
        )
        return len(made.read())

    assert length("Speak very slowly.") > 1.1 * length("")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": "x" * 4097}, "input"),
        ({"voice": "nobody"}, "voice"),
        ({"response_format": "au"}, "response_format"),
        ({"speed": 4.5}, "speed"),
        ({"stream_format": "chunks"}, "stream_format"),
    ],
)
def test_a_faulty_field_is_refused_by_its_name(client: OpenAI, body: dict[str, object], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as told:
        client.audio.speech.create(**{"model": "tts-1", "voice": "alloy", "input": TEXT, **body})  # type: ignore[arg-type]
    assert told.value.param == param
    assert param != "response_format" or "allowed: aac, flac, mp3, opus, pcm, wav" in told.value.message
