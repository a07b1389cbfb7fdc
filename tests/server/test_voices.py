"""``GET /v1/audio/voices`` as the SDKs read it, with the voices of a real server."""

from collections.abc import Iterator

import httpx
import pytest
from cozepy import Coze, TokenAuth

from tests.end_to_end.running_server import RunningServer


@pytest.fixture
def coze(scripted_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Coze]:
    monkeypatch.setenv("SSL_CERT_FILE", scripted_server.ca)
    client = Coze(auth=TokenAuth(scripted_server.token), base_url=scripted_server.https)
    yield client
    client._requester.sync_client.close()


@pytest.mark.models
def test_cozepy_lists_the_voices_the_default_first(coze: Coze) -> None:
    voices = coze.audio.voices.list().items
    assert voices[0].voice_id == "hibari-en-us-heart"
    assert {voice.language_code for voice in voices} >= {"en", "zh"}
    assert all(voice.is_system_voice for voice in voices)


@pytest.mark.models
def test_cozepy_pages_through_the_voices(coze: Coze) -> None:
    everything = [voice.voice_id for voice in coze.audio.voices.list().items]
    by_two = [voice.voice_id for voice in coze.audio.voices.list(page_size=2)]
    assert by_two == everything
    assert len(everything) > 2


@pytest.mark.models
def test_the_emotions_of_a_voice_are_listed_with_their_range(scripted_server: RunningServer) -> None:
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    answer = httpx.get(f"{scripted_server.http}/v1/audio/voices", headers=headers).json()
    emotions = {one["emotion"]: one for one in answer["data"]["voice_list"][0]["support_emotions"]}
    assert {"happy", "sad", "neutral"} <= set(emotions)
    assert emotions["happy"]["emotion_scale_interval"] == {"min": 1.0, "max": 5.0, "default": 4.0}


@pytest.mark.models
@pytest.mark.parametrize("query", ["page_num=0", "page_size=101", "page_size=x"])
def test_a_page_that_cannot_be_is_refused_by_name(scripted_server: RunningServer, query: str) -> None:
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    answer = httpx.get(f"{scripted_server.http}/v1/audio/voices?{query}", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["msg"].startswith(query.split("=")[0])


@pytest.mark.models
@pytest.mark.parametrize(
    ("query", "some"),
    [
        ("filter_system_voice=true", False),
        ("filter_system_voice=false", True),
        ("model_type=small", False),
        ("model_type=big", True),
        ("voice_state=init", False),
        ("voice_state=all", True),
    ],
)
def test_voices_are_filtered(scripted_server: RunningServer, query: str, some: bool) -> None:
    headers = {"Authorization": f"Bearer {scripted_server.token}"}
    data = httpx.get(f"{scripted_server.http}/v1/audio/voices?{query}", headers=headers).json()["data"]
    assert bool(data["voice_list"]) is some
    assert data["has_more"] is False


@pytest.mark.models
def test_there_is_no_preview_of_a_voice_that_is_not_here(scripted_server: RunningServer) -> None:
    answer = httpx.get(f"{scripted_server.http}/v1/audio/voices/nobody/preview.mp3")
    assert (answer.status_code, answer.json()["code"]) == (404, 4200)
