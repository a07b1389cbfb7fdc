from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.running_server import RunningServer, running_server
from tests.standins.openai_server import OpenAIStandIn
from tests.standins.recognition_endpoint import RecognitionStandIn, recognition_stand_in
from tests.standins.speech_endpoint import SpeechStandIn, speech_stand_in

REPOSITORY = Path(__file__).parents[2]
WEATHER_TOOL = """
[[bots.tools]]
type = "function"
[bots.tools.function]
name = "weather"
description = "The weather somewhere"
[bots.tools.function.parameters]
type = "object"
[bots.tools.function.parameters.properties.city]
type = "string"
"""


@pytest.fixture(scope="session")
def recognition_endpoint() -> Iterator[RecognitionStandIn]:
    """What ``measuring_server`` asks for transcripts."""
    with recognition_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def recogniser(recognition_endpoint: RecognitionStandIn) -> RecognitionStandIn:
    """The same for one test: says what it is told to, and keeps the audio it is sent."""
    recognition_endpoint.text = None
    recognition_endpoint.holds_answers = False
    recognition_endpoint.heard.clear()
    return recognition_endpoint


@pytest.fixture(scope="session")
def speech_endpoint() -> Iterator[SpeechStandIn]:
    """A voice of ``measuring_server`` that keeps how it was told to speak."""
    with speech_stand_in() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def measuring_server(
    tmp_path_factory: pytest.TempPathFactory,
    language_model: OpenAIStandIn,
    recognition_endpoint: RecognitionStandIn,
    speech_endpoint: SpeechStandIn,
) -> Iterator[RunningServer]:
    """A server whose recogniser is a stand-in, to measure what it hears. It refuses voices that it has not.

    Its own voice says the same text in the same way each time.
    """
    config = f"""
[limits]
ignore_echo = false  # its user says, with the agent's own voice, what the agent has just said
stopped_sending_grace_ms = 5000  # its user's audio may be late, on a busy machine
turn_judgement_s = 5.0
user_voice_s = 20.0
voice_activity_s = 20.0

[engines]
asr = "openai"
tts = ["hibari", "openai"]
unknown_voice_is_error = true
[engines.openai_asr]
base_url = "{recognition_endpoint.base_url}"
model = "heard"
[engines.openai_tts]
base_url = "{speech_endpoint.base_url}"
model = "spoken"
voices = [{{name = "actor"}}]

[[bots]]
id = "scripted"
prompt = "You are {{{{mood}}}}."
variables = {{ mood = "calm" }}
[bots.model]
base_url = "{language_model.base_url}"
model = "scripted"
images = true
{WEATHER_TOOL}
[[flows]]
id = "told"
callable = "tests.fields.told_flow:told"
folder = "{REPOSITORY}"
parameters = {{ city = "Berlin", size = 1 }}
"""
    with running_server(tmp_path_factory.mktemp("measuring"), config=config) as started:
        yield started
