"""A server with everything as it comes: the embedded language model, asked aloud and answering aloud."""

import base64
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError

from kouyu.audio.wav import decode_audio
from tests.end_to_end.conftest import AnsweringServer
from tests.end_to_end.running_server import RunningServer
from tests.server.openai_api.conftest import client_of
from tests.standins.openai_server import Say

pytestmark = pytest.mark.models

JPEG = b"\xff\xd8\xff\xe0 and so on"


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


def test_a_picture_in_a_data_url_is_shown_to_a_model_that_sees(answering: AnsweringServer) -> None:
    picture = f"data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}"
    image: Any = {"url": picture, "detail": "high"}
    shown: Any = {"role": "user", "content": [{"type": "image_url", "image_url": image}]}
    answering.language_model.will(Say("A cat."))
    with client_of(answering.server) as client:
        assert client.chat.completions.create(model="seeing", messages=[shown]).choices[0].message.content == "A cat."
        assert answering.language_model.requests[-1].messages[-1]["content"] == [
            {"type": "image_url", "image_url": image}
        ]
        image["url"] = "data:image/jpeg;base64,AAAA"
        with pytest.raises(BadRequestError, match="a PNG, JPEG, GIF or WebP picture") as refused:
            client.chat.completions.create(model="seeing", messages=[shown])
        assert refused.value.param == "messages[0].content[0].image_url.url"
