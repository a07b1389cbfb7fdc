"""Voiceprint groups (rest.md 2.5) with cozepy and with requests no SDK makes, on a server with the real encoder."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import av
import httpx
import numpy as np
import pytest
import soxr
from cozepy import Coze, CozeAPIError
from numpy.typing import NDArray

from kouyu.audio.pcm import bytes_from_float
from kouyu.audio.wav import decode_listening_audio, encode_wav
from kouyu.weights.cache import folder
from tests.audio.ffmpeg import audio_stream, write_whole
from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models

Samples = NDArray[np.float32]
STORY = "Once upon a time there was a miller who had three sons, and when he died he left them nothing but his mill."
NEWS = "The council has decided tonight that the old bridge over the river will be closed for the whole summer."


@pytest.fixture(scope="module")
def ann() -> Callable[[str], Samples]:
    """A voice at 16 kHz, without the chance in Piper's: the same text gives the same samples."""
    from piper import PiperVoice, SynthesisConfig

    voice = PiperVoice.load(folder("piper-joe") / "en_US-joe-medium.onnx")
    even = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
    said: dict[str, Samples] = {}

    def say(text: str) -> Samples:
        if text not in said:
            spoken = np.concatenate([chunk.audio_float_array for chunk in voice.synthesize(text, even)])
            said[text] = soxr.resample(spoken, voice.config.sample_rate, 16_000).astype(np.float32)
        return said[text]

    return say


def bob(speech: Samples) -> Samples:
    """Another voice: everything in it a third higher."""
    higher: Samples = soxr.resample(speech, 16_000 * 1.33, 16_000).astype(np.float32)
    return higher


def wav(samples: Samples) -> bytes:
    return encode_wav(samples, 16_000)


def file_of(container: str, codec: str, rate: int, samples: Samples) -> bytes:
    content = io.BytesIO()
    with av.open(content, "w", format=container) as file:
        stream = audio_stream(file, codec, rate)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "flt", "mono")
        frame.sample_rate = 16_000
        frame.pts = 0  # without it, some lengths end in a packet that the container refuses
        write_whole(file, stream, [frame])
    return content.getvalue()


@pytest.fixture
def group(scripted_coze: Coze) -> Iterator[str]:
    """An empty group's id."""
    made = scripted_coze.audio.voiceprint_groups.create(name="family", desc="at home")
    yield made.id
    httpx_free = [each.id for each in scripted_coze.audio.voiceprint_groups.list(group_id=made.id)]
    for group_id in httpx_free:
        scripted_coze.audio.voiceprint_groups.delete(group_id=group_id)


def asked(server: RunningServer, method: str, path: str, **request: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {server.token}"}
    return httpx.request(
        method, f"{server.http}/v1/audio/voiceprint_groups{path}", headers=headers, timeout=60, **request
    )


def enrolled(server: RunningServer, group: str, content: bytes, **fields: str) -> httpx.Response:
    files = {"file": (fields.pop("file_name", "voice"), content)}
    return asked(server, "POST", f"/{group}/features", data={"name": "ann", **fields}, files=files)


def test_a_group_lives_with_cozepy(scripted_coze: Coze) -> None:
    groups = scripted_coze.audio.voiceprint_groups
    made = groups.create(name="friends", desc="from school")
    (found,) = groups.list(group_id=made.id)
    assert (found.name, found.desc, found.feature_count) == ("friends", "from school", 0)
    assert found.user_info.id
    groups.update(group_id=made.id, name="old friends")
    (found,) = groups.list(name="old fr")
    assert (found.id, found.name, found.desc) == (made.id, "old friends", "from school")
    groups.delete(group_id=made.id)
    assert list(groups.list(group_id=made.id)) == []
    with pytest.raises(CozeAPIError, match="no voiceprint group"):
        groups.delete(group_id=made.id)


def test_who_speaks_is_found_in_the_group(scripted_coze: Coze, group: str, ann: Callable[[str], Samples]) -> None:
    groups = scripted_coze.audio.voiceprint_groups
    of_ann = groups.features.create(group_id=group, name="ann", desc="mother", file=("a.wav", wav(ann(STORY))))
    of_bob = groups.features.create(group_id=group, name="bob", file=("b.wav", wav(bob(ann(STORY)))))
    assert [each.id for each in groups.features.list(group_id=group)] == [of_bob.id, of_ann.id]
    for speech, speaker, stranger in ((ann(NEWS), of_ann, of_bob), (bob(ann(NEWS)), of_bob, of_ann)):
        first, second = groups.speaker_identify(group_id=group, file=("c.wav", wav(speech))).feature_score_list
        assert (first.feature_id, second.feature_id) == (speaker.id, stranger.id)
        assert first.score >= 40 > second.score
    # cozepy 0.20.0 declares an int, and its HTTP library raises AttributeError at one.
    asked: dict[str, Any] = {"file": ("c.wav", wav(ann(NEWS))), "top_k": "1"}
    (best,) = groups.speaker_identify(group_id=group, **asked).feature_score_list
    assert (best.feature_name, best.feature_desc) == ("ann", "mother")


def test_a_feature_changes_and_goes(
    scripted_server: RunningServer, scripted_coze: Coze, group: str, ann: Callable[[str], Samples]
) -> None:
    features = scripted_coze.audio.voiceprint_groups.features
    made = features.create(group_id=group, name="ann", desc="mother", file=("a.wav", wav(ann(STORY))))
    features.update(group_id=group, feature_id=made.id, name="anna")
    features.update(group_id=group, feature_id=made.id, file=("b.wav", wav(bob(ann(STORY)))))
    (found,) = features.list(group_id=group)
    assert (found.name, found.desc, found.group_id) == ("anna", "mother", group)
    assert found.user_info.name
    best = scripted_coze.audio.voiceprint_groups.speaker_identify(group_id=group, file=("c.wav", wav(bob(ann(NEWS)))))
    assert best.feature_score_list[0].score >= 40
    features.delete(group_id=group, feature_id=made.id)
    assert list(features.list(group_id=group)) == []
    assert asked(scripted_server, "GET", f"/{group}/features/{made.id}/audio").status_code == 404


def test_the_speech_that_was_enrolled_can_be_heard_again(
    scripted_server: RunningServer, group: str, ann: Callable[[str], Samples]
) -> None:
    enrolled(scripted_server, group, wav(ann(STORY)))
    (shown,) = asked(scripted_server, "GET", f"/{group}/features").json()["data"]["items"]
    assert httpx.get(shown["audio_url"]).status_code == 401
    answer = httpx.get(shown["audio_url"], headers={"Authorization": f"Bearer {scripted_server.token}"})
    assert answer.headers["content-type"] == "audio/wav"
    heard = decode_listening_audio(answer.content, 60)
    assert 2 < len(heard) / 16_000 <= len(ann(STORY)) / 16_000


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [("wav", "pcm_s16le", 16_000), ("mp3", "libmp3lame", 44_100), ("ogg", "libopus", 48_000), ("ipod", "aac", 44_100),
     ("adts", "aac", 16_000)],
)  # fmt: skip
def test_files_of_every_kind_are_taken(
    scripted_server: RunningServer, group: str, ann: Callable[[str], Samples], container: str, codec: str, rate: int
) -> None:
    answer = enrolled(scripted_server, group, file_of(container, codec, rate, ann(STORY)))
    assert answer.status_code == 200, answer.text
    files = {"file": ("c", wav(ann(NEWS)))}
    found = asked(scripted_server, "POST", f"/{group}/speaker_identify", files=files).json()["data"]
    assert found["feature_score_list"][0]["score"] >= 40


def test_pcm_is_read_as_its_fields_say(
    scripted_server: RunningServer, group: str, ann: Callable[[str], Samples]
) -> None:
    stereo = np.repeat(soxr.resample(ann(STORY), 16_000, 24_000), 2).astype(np.float32)
    answer = enrolled(scripted_server, group, bytes_from_float(stereo), sample_rate="24000", channel="2")
    assert answer.status_code == 200, answer.text
    files = {"file": ("voice.pcm", bytes_from_float(ann(NEWS)))}
    found = asked(scripted_server, "POST", f"/{group}/speaker_identify", files=files).json()["data"]
    assert found["feature_score_list"][0]["score"] >= 40


def test_pcm_that_begins_softly_is_no_mp3(
    scripted_server: RunningServer, group: str, ann: Callable[[str], Samples]
) -> None:
    soft = b"\xff\xff" * 10 + bytes_from_float(ann(STORY))
    answer = enrolled(scripted_server, group, soft, sample_rate="16000")
    assert answer.status_code == 200, answer.text


def test_too_little_speech_is_reported(
    scripted_server: RunningServer, group: str, ann: Callable[[str], Samples]
) -> None:
    silence = np.zeros(80_000, np.float32)
    noise = np.random.default_rng(0).normal(scale=0.02, size=80_000).astype(np.float32)
    word = np.concatenate((silence, ann(STORY)[:16_000], silence))
    for samples, told in ((silence, "contains no speech"), (noise, "contains no speech"), (word, "2 s are needed")):
        answer = enrolled(scripted_server, group, wav(samples))
        assert (answer.status_code, answer.json()["code"]) == (400, 4000)
        assert told in answer.json()["msg"]
    assert asked(scripted_server, "GET", f"/{group}/features").json()["data"] == {"items": [], "total": 0}


@pytest.mark.parametrize(
    ("content", "status", "code"), [(b"no audio at all", 400, 4303), (b"", 400, 4300), (bytes(10_500_000), 413, 4302)]
)
def test_what_is_no_recording_is_refused(
    scripted_server: RunningServer, group: str, content: bytes, status: int, code: int
) -> None:
    answer = enrolled(scripted_server, group, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("method", "path", "request_parts", "field"),
    [
        ("POST", "", {"json": {}}, "name: is missing"),
        ("POST", "", {"json": {"name": ""}}, "name"),
        ("GET", "?page_size=0", {}, "page_size"),
        ("GET", "?page_num=-1", {}, "page_num"),
        ("POST", "/{}/features", {"data": {"name": "x", "sample_rate": "100"}, "files": {"file": b"x"}}, "sample_rate"),
        ("POST", "/{}/features", {"files": {"file": b"x"}}, "name: is missing"),
        ("POST", "/{}/features", {"data": {"name": "x"}}, "file"),
        ("POST", "/{}/speaker_identify", {"data": {"top_k": "0"}, "files": {"file": b"x"}}, "top_k"),
    ],
)
def test_wrong_requests_name_the_field(
    scripted_server: RunningServer, group: str, method: str, path: str, request_parts: dict[str, Any], field: str
) -> None:
    answer = asked(scripted_server, method, path.format(group), **request_parts)
    assert answer.status_code == 400
    assert field in answer.json()["msg"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/7"),
        ("DELETE", "/7"),
        ("GET", "/7/features"),
        ("POST", "/7/features"),
        ("DELETE", "/7/features/8"),
        ("PUT", "/7/features/8"),
        ("POST", "/7/speaker_identify"),
    ],
)
def test_what_is_not_there_is_reported(scripted_server: RunningServer, method: str, path: str) -> None:
    body: dict[str, Any] = {"json": {"name": "x"}} if path == "/7" else {"data": {"name": "x"}}
    answer = asked(scripted_server, method, path, **(body if method in ("PUT", "POST") else {}))
    assert (answer.status_code, answer.json()["code"]) == (404, 4200)


def test_pages_hold_ten_and_one_past_the_end_is_empty(scripted_server: RunningServer, scripted_coze: Coze) -> None:
    groups = scripted_coze.audio.voiceprint_groups
    made = [groups.create(name=f"page {number}").id for number in range(12)]
    assert [each.id for each in groups.list(name="page")] == made[::-1]
    first = asked(scripted_server, "GET", "?name=page").json()["data"]
    assert (len(first["items"]), first["total"]) == (10, 12)
    assert asked(scripted_server, "GET", "?name=page&page_num=3").json()["data"] == {"items": [], "total": 12}
    for group_id in made:
        groups.delete(group_id=group_id)


def test_a_file_without_a_name_replaces_a_voice_as_coze_go_sends_it(
    scripted_server: RunningServer, group: str, ann: Callable[[str], Samples]
) -> None:
    feature = enrolled(scripted_server, group, wav(ann(STORY))).json()["data"]["id"]
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n'
    body = head + b"Content-Type: application/octet-stream\r\n\r\n" + wav(ann(NEWS)) + b"\r\n--x--\r\n"
    headers = {"Authorization": f"Bearer {scripted_server.token}", "Content-Type": "multipart/form-data; boundary=x"}
    url = f"{scripted_server.http}/v1/audio/voiceprint_groups/{group}/features/{feature}"
    answer = httpx.put(url, headers=headers, content=body, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (200, 0)
    kept = asked(scripted_server, "GET", f"/{group}/features/{feature}/audio").content
    assert len(kept) != len(wav(ann(STORY)))
