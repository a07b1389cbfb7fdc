"""``POST /v1/audio/transcriptions`` (rest.md 2.4), with the real recogniser."""

import io
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from kouyu.audio.wav import encode_wav, read_listening_audio
from tests.audio.ffmpeg import audio_stream, write_whole
from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def sky(questions: Path) -> Samples:
    """What color is the sky?"""
    return read_listening_audio(questions / "en-sky.wav")


def sent(server: RunningServer, content: bytes | None, **parts: Any) -> httpx.Response:
    files = {} if content is None else {"file": ("said", content)}
    headers = {"Authorization": f"Bearer {server.token}"}
    url = f"{server.http}/v1/audio/transcriptions"
    return httpx.post(url, files=files, headers=headers, timeout=60, **parts)


def file_of(container: str, codec: str, samples: Samples) -> bytes:
    """A file made by FFmpeg."""
    content = io.BytesIO()
    with av.open(content, "w", format=container) as file:
        stream = audio_stream(file, codec, 16_000 if codec != "libopus" else 48_000)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "flt", "mono")
        frame.sample_rate = 16_000
        frame.pts = 0  # without it, some lengths end in a packet that the container refuses
        write_whole(file, stream, [frame])
    return content.getvalue()


@pytest.mark.parametrize(
    ("container", "codec"),
    [("wav", "pcm_s16le"), ("mp3", "libmp3lame"), ("ogg", "libopus"), ("ipod", "aac"), ("flac", "flac")],
)
def test_files_of_every_kind_are_transcribed(
    scripted_server: RunningServer, sky: Samples, container: str, codec: str
) -> None:
    answer = sent(scripted_server, file_of(container, codec, sky))
    assert answer.status_code == 200
    assert "color is the sky" in answer.json()["data"]["text"]


def test_what_can_be_read_of_a_damaged_file_is_transcribed(scripted_server: RunningServer, sky: Samples) -> None:
    mp3 = file_of("mp3", "libmp3lame", sky)
    for damaged in (mp3 + mp3, mp3 + np.random.default_rng(1).bytes(300)):
        assert "color is the sky" in sent(scripted_server, damaged).json()["data"]["text"]


def test_a_wav_is_transcribed_to_its_end_whatever_size_its_header_gives(
    scripted_server: RunningServer, sky: Samples
) -> None:
    wav = bytearray(encode_wav(sky, 16_000))
    wav[40:44] = (9_600).to_bytes(4, "little")
    assert "color is the sky" in sent(scripted_server, bytes(wav)).json()["data"]["text"]


def test_a_long_recording_is_transcribed_to_its_end(
    scripted_server: RunningServer, questions: Path, sky: Samples
) -> None:
    capital = read_listening_audio(questions / "en-capital.wav")
    pause = np.zeros(14 * 16_000, np.float32)
    recording = np.concatenate([sky, pause, sky, pause, capital])  # more than the recogniser hears at once
    text = sent(scripted_server, encode_wav(recording, 16_000)).json()["data"]["text"]
    assert text.lower().count("color is the sky") == 2
    assert "capital of France" in text[-40:]


def test_silence_has_no_text(scripted_server: RunningServer) -> None:
    answer = sent(scripted_server, encode_wav(np.zeros(32_000, np.float32), 16_000))
    assert answer.json()["data"] == {"text": ""}


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [(b"no audio at all", 400, 4303), (b"", 400, 4300), (None, 400, 4304), (bytes(10_500_000), 413, 4302)],
)
def test_what_is_no_recording_is_refused(
    scripted_server: RunningServer, content: bytes | None, status: int, code: int
) -> None:
    answer = sent(scripted_server, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["msg"]
