"""``POST /v1/audio/voices/clone``: refused, but first the client's own mistakes (rest.md 2.2)."""

from typing import Any

import httpx
import numpy as np
import pytest

from kouyu.audio.wav import encode_wav
from tests.server.conftest import Running

WAV = encode_wav(np.zeros(1_000, np.float32), 24_000)
GOOD = {"voice_name": "My new voice", "audio_format": "wav"}


async def asked(server: Running, content: bytes | None, **parts: str) -> tuple[int, int, str]:
    """Status, code and text of the answer."""
    url = f"http://127.0.0.1:{server.port}/v1/audio/voices/clone"
    files: Any = {} if content is None else {"file": content}
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, data=parts, files=files, headers=server.header)
    body = answer.json()
    return answer.status_code, body["code"], body["msg"]


@pytest.mark.parametrize(("audio_format", "content"), [("wav", WAV), ("pcm", bytes(1000)), ("mp3", WAV)])
async def test_no_engine_can_clone(server: Running, audio_format: str, content: bytes) -> None:
    status, code, msg = await asked(server, content, **GOOD | {"audio_format": audio_format, "language": "zh"})
    assert (status, code) == (501, 5001)
    assert "clone" in msg


@pytest.mark.parametrize(
    ("content", "parts", "code", "named"),
    [
        (WAV, {"audio_format": "wav"}, 4000, "voice_name"),
        (WAV, GOOD | {"voice_name": "short"}, 4000, "voice_name"),
        (WAV, {"voice_name": "My new voice"}, 4000, "audio_format"),
        (WAV, GOOD | {"audio_format": "flac"}, 4000, "wav"),
        (WAV, GOOD | {"language": "fr"}, 4000, "en, es, id, ja, pt, zh"),
        (None, GOOD, 4304, "file"),
        (b"", GOOD, 4300, "empty"),
        (b"nothing to hear", GOOD, 4303, "file"),
    ],
)
async def test_a_mistake_in_the_request_is_reported_first(
    server: Running, content: bytes | None, parts: dict[str, str], code: int, named: str
) -> None:
    status, told, msg = await asked(server, content, **parts)
    assert (status, told) == (400, code)
    assert named in msg


async def test_a_file_over_the_limit_is_refused(server: Running) -> None:
    status, code, _ = await asked(server, bytes(10_600_000), **GOOD)
    assert (status, code) == (413, 4302)
