"""docs/conformance-openai.md has a row for every endpoint and field of OpenAI's REST API, and names real tests."""

import ast
import re
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from kouyu.server.openai_api.chat_body import CompletionBody
from kouyu.server.openai_api.client_secrets import ClientSecretBody
from kouyu.server.openai_api.speech_shape import SpeechBody
from kouyu.server.openai_api.transcription_shape import TranscriptionForm
from tests.end_to_end.running_server import RunningServer

TESTS: Final = Path(__file__).parents[2]
PAGE: Final = (TESTS.parent / "docs" / "conformance-openai.md").read_text(encoding="utf-8")
ROW: Final = re.compile(r"^\| `([^`]+)` \| .+ \| `([\w/]+\.py)::(\w+)` \|$", re.MULTILINE)
SHAPES: Final[dict[str, Any]] = {
    "audio/speech": SpeechBody,
    "audio/transcriptions": TranscriptionForm,
    "chat/completions": CompletionBody,
    "realtime/client_secrets": ClientSecretBody,
}
BESIDE: Final = {"timestamp_granularities[]", "include[]"}
"""Fields of forms that may occur several times, which are not in the struct."""


def section(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("heading", SHAPES)
def test_every_field_has_a_row(heading: str) -> None:
    rows = [name for name, *_ in ROW.findall(section(heading))]
    assert len(rows) == len(set(rows))
    assert {*rows} - BESIDE == {*SHAPES[heading].__struct_fields__}


@pytest.mark.parametrize("heading", ["REST endpoints", *SHAPES])
def test_every_row_names_a_test(heading: str) -> None:
    rows = ROW.findall(section(heading))
    assert len(rows) == len(re.findall(r"^\| `", section(heading), re.MULTILINE))
    for _, file, test in rows:
        tree = ast.parse((TESTS / file).read_bytes())
        assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)} | {
            node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)
        }, (file, test)


@pytest.mark.models
def test_every_endpoint_has_a_row(scripted_server: RunningServer) -> None:
    document = httpx.get(f"{scripted_server.http}/docs/openapi.json").json()
    served = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["tags"] == ["OpenAI"]
    }
    assert served == {name for name, *_ in ROW.findall(section("REST endpoints"))}
