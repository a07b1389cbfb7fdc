"""``POST /v1/audio/speech`` (rest.md 2.3), with a real voice."""

import io
import wave
from typing import Any

import httpx
import numpy as np
import pytest

from kouyu.audio.pcm import Samples, float_from_int16
from kouyu.audio.wav import decode_audio
from tests.audio.signals import level_db
from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models

TEXT = "The train leaves at nine."
MEDIA_TYPES = {
    "wav": "audio/wav",
    "pcm": "audio/pcm",
    "mp3": "audio/mpeg",
    "ogg_opus": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
}


def asked(server: RunningServer, **body: Any) -> httpx.Response:
    body = {"input": TEXT, "voice_id": "hibari-en-us-heart"} | body
    headers = {"Authorization": f"Bearer {server.token}"}
    return httpx.post(f"{server.http}/v1/audio/speech", json=body, headers=headers, timeout=60)


def heard(server: RunningServer, **body: Any) -> Samples:
    """PCM at 24 kHz."""
    return float_from_int16(np.frombuffer(asked(server, response_format="pcm", **body).content, "<i2"))


@pytest.mark.parametrize(("name", "media_type"), MEDIA_TYPES.items())
def test_every_format_has_its_content_type(scripted_server: RunningServer, name: str, media_type: str) -> None:
    answer = asked(scripted_server, response_format=name)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-tt-logid"]
    if name == "pcm":
        samples, rate = float_from_int16(np.frombuffer(answer.content, "<i2")), 24_000
    else:
        samples, rate = decode_audio(answer.content)
    assert rate == (48_000 if media_type == "audio/ogg" else 24_000)
    assert 1.0 < len(samples) / rate < 3.0
    assert level_db(samples) > -35


def test_null_is_as_good_as_absent(scripted_server: RunningServer) -> None:
    names = ("response_format", "speed", "sample_rate", "loudness_rate", "emotion", "emotion_scale")
    answer = asked(scripted_server, **dict.fromkeys(names))
    assert answer.headers["content-type"] == "audio/mpeg"
    assert decode_audio(answer.content)[1] == 24_000


@pytest.mark.parametrize("rate", [8000, 44100])
def test_the_sample_rate_is_as_asked(scripted_server: RunningServer, rate: int) -> None:
    with wave.open(io.BytesIO(asked(scripted_server, response_format="wav", sample_rate=rate).content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (rate, 1, 2)
        assert 1.0 < file.getnframes() / rate < 3.0


def test_speed_goes_from_a_fifth_to_three_times(scripted_server: RunningServer) -> None:
    plain = len(heard(scripted_server))
    for speed in (0.2, 1.5, 3):
        assert plain / len(heard(scripted_server, speed=speed)) == pytest.approx(speed, rel=0.2)


def test_loudness_and_emotion_are_heard(scripted_server: RunningServer) -> None:
    plain = heard(scripted_server)
    assert level_db(heard(scripted_server, loudness_rate=-50)) == pytest.approx(level_db(plain) - 6, abs=1)
    sad = heard(scripted_server, emotion="sad", emotion_scale=5)
    assert len(sad) > len(plain)
    assert level_db(sad) < level_db(plain) - 2


def test_it_is_sent_while_it_is_made(scripted_server: RunningServer) -> None:
    text = " ".join(f"This is sentence number {number}." for number in range(30))
    body = {"input": text, "voice_id": "hibari-en-us-heart", "response_format": "pcm"}
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    url = f"{scripted_server.http}/v1/audio/speech"
    with httpx.stream("POST", url, json=body, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        assert "content-length" not in answer.headers
        pieces = answer.iter_raw()
        assert len(next(pieces)) < 500_000
        # Who has heard enough may leave; the server notices and stops.
    assert asked(scripted_server, input="Next.").status_code == 200


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"input": ""}, ["input", "0 bytes", "1 to 1024 bytes"]),
        ({"input": "啊" * 342}, ["input", "1026 bytes", "1 to 1024 bytes"]),
        ({"input": None}, ["input"]),
        ({"input": 7}, ["input", "7"]),
        ({"voice_id": None}, ["voice_id"]),
        ({"response_format": "flac"}, ["response_format", "flac", "mp3"]),
        ({"speed": 0.1}, ["speed", "0.1", "0.2"]),
        ({"speed": 3.5}, ["speed", "3.5", "3"]),
        ({"sample_rate": 11025}, ["sample_rate", "11025", "8000, 16000"]),
        ({"loudness_rate": 101}, ["loudness_rate", "101", "100"]),
        ({"emotion": "bored"}, ["emotion", "bored", "happy"]),
        ({"emotion_scale": 0.5}, ["emotion_scale", "0.5", "1"]),
    ],
)
def test_a_faulty_field_is_refused_by_its_name(
    scripted_server: RunningServer, body: dict[str, Any], named: list[str]
) -> None:
    answer = asked(scripted_server, **body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["code"] == 4000
    assert all(name in answer.json()["msg"] for name in named), answer.json()["msg"]


def test_without_a_token_nothing_is_synthesised(scripted_server: RunningServer) -> None:
    answer = httpx.post(f"{scripted_server.http}/v1/audio/speech", json={"input": TEXT, "voice_id": "x"})
    assert (answer.status_code, answer.json()["code"]) == (401, 4100)
