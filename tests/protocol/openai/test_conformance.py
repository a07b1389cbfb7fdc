"""docs/conformance-openai-realtime.md has a row for every event and field of the package ``openai``, and names real
tests."""

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from openai.types.realtime.audio_transcription import AudioTranscription
from openai.types.realtime.realtime_audio_config_input import RealtimeAudioConfigInput
from openai.types.realtime.realtime_audio_config_output import RealtimeAudioConfigOutput
from openai.types.realtime.realtime_audio_input_turn_detection import SemanticVad, ServerVad
from openai.types.realtime.realtime_response_create_params import RealtimeResponseCreateParams
from openai.types.realtime.realtime_session_create_request import RealtimeSessionCreateRequest
from pydantic import BaseModel

from kouyu.protocol.openai.client_events import KNOWN_EVENTS
from kouyu.protocol.openai.response_events import ResponseDone
from kouyu.protocol.openai.server_events import ServerEvent
from tests.protocol.openai.wire_rules import MODELS

TESTS: Final = Path(__file__).parents[2]
PAGE: Final = (TESTS.parent / "docs" / "conformance-openai-realtime.md").read_text(encoding="utf-8")
NAME: Final = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
ROW: Final = re.compile(r"^\| `([^`]+)` \| .+ \| `([\w/]+\.py)::(\w+)` \|$", re.MULTILINE)
SECTIONS: Final = ("Client events", "session.update", "response.create", "Server events")
OF_THE_BETA: Final = "temperature"


def section(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def fields(prefix: str, *models: type[BaseModel]) -> set[str]:
    return {prefix + name for model in models for name in model.model_fields}


def session_fields() -> set[str]:
    """Every field of a session in the package, but for the objects that have only fields."""
    top = fields("", RealtimeSessionCreateRequest) - {"audio"}
    heard = fields("audio.input.", RealtimeAudioConfigInput) | fields("audio.input.transcription.", AudioTranscription)
    detection = fields("audio.input.turn_detection.", ServerVad, SemanticVad)
    return {*top, *heard, *detection, *fields("audio.output.", RealtimeAudioConfigOutput), OF_THE_BETA}


def sent() -> set[str]:
    """The types of the events that the server has."""

    def subclasses(kind: type[Any]) -> set[type[Any]]:
        return {one for child in kind.__subclasses__() for one in (child, *subclasses(child))}

    found = subclasses(ServerEvent)
    assert ResponseDone in found
    return {str(kind.__struct_config__.tag) for kind in found}


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("Client events", {*KNOWN_EVENTS}),
        ("session.update", session_fields()),
        ("response.create", fields("", RealtimeResponseCreateParams)),
        ("Server events", sent()),
        ("Server events that are not sent", {*MODELS} - sent()),
    ],
)
def test_every_event_and_field_has_exactly_one_row(heading: str, names: set[str]) -> None:
    assert Counter(NAME.findall(section(heading))) == Counter(names)


def test_every_event_that_is_sent_is_one_of_the_package() -> None:
    assert sent() <= {*MODELS}


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_row_names_a_test(heading: str) -> None:
    rows = ROW.findall(section(heading))
    assert len(rows) == len(NAME.findall(section(heading)))
    for _, file, test in rows:
        tree = ast.parse((TESTS / file).read_bytes())
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert test in {node.name for node in ast.walk(tree) if isinstance(node, functions)}, (file, test)
