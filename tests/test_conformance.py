"""docs/conformance.md has a row for every field of the reference, every downlink event and every endpoint, and names
real tests."""

import ast
import json
import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from kouyu.protocol.coze.audio_endpoint_downlink import AudioEventType
from kouyu.protocol.coze.audio_endpoint_uplink import AudioEndpointName
from kouyu.protocol.coze.downlink import DownlinkType
from kouyu.server.rest.chat_requests import CreateChat

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "conformance.md").read_text(encoding="utf-8")
FIELDS: dict[str, list[str]] = json.loads((TESTS.parent / "docs" / "protocol" / "fields.json").read_text())
DOWNLINK = "Downlink events"
REST = "REST endpoints"
WRITING = "/v3/chat"
SOCKETS = [f"/v1/audio/{name}" for name in get_args(AudioEndpointName)]
AUDIO_UPLINK = {f"{name}.update" for name in get_args(AudioEndpointName)} | {
    "input_text_buffer.append",
    "input_text_buffer.complete",
    "input_audio_buffer.append",
    "input_audio_buffer.complete",
    "input_audio_buffer.clear",
}
ROW = re.compile(r"\| `([^`]+)` \| (.+) \| `([\w/]+\.py)::(\w+)` \|")


def tables() -> dict[str, list[tuple[str, str, str, str]]]:
    """The rows below each heading: name, what it says, test file, test."""
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    heading = ""
    for line in PAGE.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
            found[heading] = []
        elif line.startswith("| `"):
            row = ROW.fullmatch(line)
            assert row, f"not a row of this page: {line}"
            name, says, file, test = row.groups()
            found[heading].append((name, says, file, test))
    return found


def test_every_event_has_a_table_and_no_table_lacks_an_event() -> None:
    assert list(tables()) == [*FIELDS, DOWNLINK, REST, WRITING, *SOCKETS]


@pytest.mark.parametrize("event_type", FIELDS)
def test_every_field_has_exactly_one_row_and_no_row_lacks_a_field(event_type: str) -> None:
    assert Counter(name for name, *_ in tables()[event_type]) == Counter(FIELDS[event_type])


def test_every_downlink_event_has_exactly_one_row() -> None:
    assert Counter(name for name, *_ in tables()[DOWNLINK]) == Counter(get_args(DownlinkType))


def test_every_field_of_a_question_in_writing_has_a_row() -> None:
    rows = [name for name, *_ in tables()[WRITING]]
    assert len(rows) == len(set(rows))
    assert set(CreateChat.__struct_fields__) <= set(rows)


def test_every_event_of_the_audio_endpoints_has_a_row() -> None:
    rows = [[name for name, *_ in tables()[socket]] for socket in SOCKETS]
    assert {name for names in rows for name in names} == AUDIO_UPLINK | set(get_args(AudioEventType))
    assert all(len(names) == len(set(names)) for names in rows)


@pytest.mark.parametrize("event_type", FIELDS)
def test_each_test_is_named_after_its_field(event_type: str) -> None:
    for name, _, _, test in tables()[event_type]:
        subject = event_type.replace(".", "_") if name == "event_type" else name.split(".")[-1]
        assert test == f"test_{subject}"


def test_every_test_that_is_named_exists() -> None:
    for rows in tables().values():
        for _, _, file, test in rows:
            assert test in _tests_of(TESTS / file), f"{file}::{test}"


def _tests_of(path: Path) -> set[str]:
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, functions)}
