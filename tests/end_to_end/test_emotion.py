"""A server with an engine for emotions of another package: SenseVoice's, with a model that hears only sadness."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer, start_server, stop_server
from tests.engines.paralinguistics.sense_voice_files import write_sense_voice
from tests.fields import uploads
from tests.fields.spoken import MESSAGE, TRANSCRIPT, push, question
from tests.standins.recognition_endpoint import recognition_stand_in

pytestmark = pytest.mark.models

REPOSITORY = Path(__file__).parents[2]
ENGINE = """
from pathlib import Path
from kouyu.engines.declaration import Engine
from kouyu.engines.paralinguistics.sense_voice import SenseVoiceEmotion

async def load(context, options):
    return await SenseVoiceEmotion.load(context.scheduler, Path(__file__).parent)

ENGINE = Engine(name="moods", kind="emotion", load=load)
"""
CONFIG = """
[engines]
asr = "openai"
tts = ["hibari"]
emotion = "moods"
[engines.openai_asr]
base_url = "{recognition}"
model = "heard"
[[bots]]
id = "idle"
[bots.model]
base_url = "http://127.0.0.1:9/v1"
model = "none"
[[flows]]
id = "told"
callable = "tests.fields.told_flow:told"
folder = "{repository}"
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    package = tmp_path / "package"
    (package / "moods-1.0.dist-info").mkdir(parents=True)
    (package / "moods-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: moods\nVersion: 1.0\n")
    (package / "moods-1.0.dist-info" / "entry_points.txt").write_text("[kouyu.emotion]\nmoods = moods:ENGINE\n")
    (package / "moods.py").write_text(ENGINE)
    write_sense_voice(package, "<|SAD|>")
    with recognition_stand_in() as recognition:
        config = CONFIG.format(recognition=recognition.base_url, repository=REPOSITORY)
        started = start_server(tmp_path / "server", config=config, environment={"PYTHONPATH": str(package)})
        yield started
        stop_server(started)


async def test_client_flow_and_record_are_told_how_the_user_feels(server: RunningServer) -> None:
    speech = uploads.pcm(question())
    async with talking(server, workflow_id="told") as talk:
        updated = await talk.configure(asr_config={"enable_emotion": True})
        assert updated.data["asr_config"]["enable_emotion"] is False
        updated = await talk.configure(asr_config={"stream_mode": "output_no_stream"})
        assert updated.data["asr_config"]["enable_emotion"] is True
        for piece in speech:
            await talk.client.send_audio(piece)
        await talk.client.send("input_audio_buffer.complete")
        asked = await talk.until(MESSAGE)
        await talk.until(MESSAGE, count=2)
        await talk.configure(asr_config={"enable_emotion": False})
        await push(talk, speech)
        told = [event.data.get("emotion") for event in talk.events if event.type == TRANSCRIPT]
    assert told == ["sad", None]
    assert asked.data["meta_data"] == {"user_emotion": "sad"}
    assert json.loads(talk.answers()[0])["_user_emotion"] == "sad"
