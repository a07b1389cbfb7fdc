"""Copies of messages are short, whatever a client sends."""

import json

import pytest

from kouyu.diagnostics.facts.wire import WireFact
from kouyu.diagnostics.wire_tap import LONGEST_EVENT, LONGEST_TEXT, WireTap


def copied(message: str | bytes) -> WireFact:
    facts: list[WireFact] = []
    WireTap(lambda: 1.5, facts.append).received(message)
    (fact,) = facts
    return fact


@pytest.mark.parametrize(
    "message",
    [
        "",
        "null",
        "[1, 2]",
        "\ud800",
        b"\xff\xfe",
        b"{" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        json.dumps({"event_type": "x", "data": {str(number): number for number in range(10_000)}}),
    ],
    ids=["empty", "null", "a list", "a surrogate", "no UTF-8", "braces", "deep", "many fields"],
)
def test_what_is_no_event_or_too_long_is_its_beginning(message: str | bytes) -> None:
    fact = copied(message)
    assert fact.event is None
    assert len(fact.text) <= LONGEST_TEXT
    assert fact.bytes == len(message.encode(errors="replace") if isinstance(message, str) else message)


def test_a_long_text_within_an_event_is_cut_and_says_its_length() -> None:
    event = {"event_type": "conversation.message.create", "data": {"content": "a" * 5000, "list": ["b" * 5000]}}
    fact = copied(json.dumps(event))
    assert fact.event is not None
    data = json.loads(bytes(fact.event))["data"]
    assert data["content"] == "a" * LONGEST_TEXT + "… (5000 characters)"
    assert data["list"][0].startswith("b" * LONGEST_TEXT + "…")


def test_a_megabyte_of_audio_is_a_few_bytes() -> None:
    fact = copied(json.dumps({"event_type": "input_audio_buffer.append", "data": {"delta": "QUFB" * 350_000}}))
    assert fact.audio_bytes == 1_050_000
    assert fact.event is not None
    assert len(fact.event) < LONGEST_EVENT
    assert json.loads(bytes(fact.event))["data"] == {"delta": "(1050000 bytes)"}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("input_audio_buffer.append", "audio"),
        ("response.output_audio.delta", "delta"),
        ("response.audio.delta", "delta"),
    ],
)
def test_audio_of_openais_protocol_is_its_size_too(kind: str, field: str) -> None:
    fact = copied(json.dumps({"type": kind, field: "QUFB" * 2}))
    assert fact.audio_bytes == 6
    assert fact.event is not None
    assert json.loads(bytes(fact.event)) == {"type": kind, field: "(6 bytes)"}


@pytest.mark.parametrize("data", [None, {}, {"delta": 5}, "text", {"delta": ""}])
def test_an_append_without_audio_is_copied_as_it_is(data: object) -> None:
    fact = copied(json.dumps({"event_type": "input_audio_buffer.append", "data": data}))
    assert fact.audio_bytes == 0
    assert fact.event is not None
