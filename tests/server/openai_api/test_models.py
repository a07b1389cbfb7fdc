"""Bots as models, and the lists that Open WebUI reads."""

import httpx
import pytest
from openai import OpenAI

from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models


def test_the_bots_are_the_models(client: OpenAI) -> None:
    models = client.models.list().data
    assert "scripted" in [model.id for model in models]
    assert {model.object for model in models} == {"model"}
    assert client.models.retrieve("scripted").owned_by == "kouyu"


def test_names_that_clients_ask_for_speech_with_are_found_and_not_listed(client: OpenAI) -> None:
    assert client.models.retrieve("whisper-1").id == "whisper-1"
    assert "whisper-1" not in [model.id for model in client.models.list()]


def test_open_webui_reads_voices_and_speech_models_without_a_token(
    client: OpenAI, scripted_server: RunningServer
) -> None:
    voices = httpx.get(f"{scripted_server.http}/openai/v1/audio/voices").json()["voices"]
    assert all(voice.keys() == {"id", "name"} for voice in voices)
    assert client.audio.speech.create(model="tts-1", voice=voices[-1]["id"], input="Hello.").read()
    models = httpx.get(f"{scripted_server.http}/openai/v1/audio/models").json()["models"]
    assert [model["id"] for model in models] == ["tts-1"]
