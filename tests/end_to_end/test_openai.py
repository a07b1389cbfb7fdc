"""A server with everything as it comes: the embedded language model, asked aloud and answering aloud."""

import base64
from pathlib import Path
from typing import Any

import pytest

from kouyu.audio.wav import decode_audio
from tests.end_to_end.running_server import RunningServer
from tests.server.openai_api.conftest import client_of

pytestmark = pytest.mark.models


def test_a_spoken_question_gets_a_spoken_answer_that_can_be_transcribed(server: RunningServer, questions: Path) -> None:
    data = base64.b64encode((questions / "en-capital.wav").read_bytes()).decode()
    asked: Any = {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]}
    with client_of(server) as client:
        answer = client.chat.completions.create(
            model="kouyu", messages=[asked], modalities=["text", "audio"], audio={"voice": "alloy", "format": "mp3"}
        )
        audio = answer.choices[0].message.audio
        assert audio is not None
        assert "Paris" in audio.transcript
        assert answer.usage is not None
        assert answer.usage.total_tokens > 10
        file = base64.b64decode(audio.data)
        assert len(decode_audio(file)[0]) > 24_000
        assert "Paris" in client.audio.transcriptions.create(model="whisper-1", file=("a.mp3", file)).text
