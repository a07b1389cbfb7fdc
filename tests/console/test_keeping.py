"""What is kept is found again: conversations with their sound, voiceprints; and how the server is."""

import json
import re
from collections.abc import Callable

import pytest

from tests.console.page import Page

pytestmark = pytest.mark.sdk


def test_a_conversation_is_read_heard_gone_on_with_and_deleted(page: Page) -> None:
    seen = page.does("keeping", "conversation", bot="echo", holdMs=4500)
    question, answer = seen["opened"]
    assert "capital of france" in question["text"].lower()
    assert "capital of france" in answer["text"].lower()
    assert seen["seconds"] > 1


def test_a_speaker_is_enrolled_by_speaking_and_known_again(ask: Callable[..., Page]) -> None:
    seen = ask("en-story", 0.5).does("keeping", "voiceprint", recordMs=10_000)
    assert seen["speaker"] == "Joe"
    assert "Joe" in seen["score"]


def test_conversations_are_searched_and_saved_as_files(page: Page) -> None:
    seen = page.does("keeping", "search", bot="echo")
    assert seen["marked"] == "heron stands"
    assert all("heron stands in the reeds" in text for text in seen["found"])
    assert set(seen["files"]) == {"txt", "srt", "json"}
    assert "User:\nThe heron stands" in seen["files"]["txt"]
    assert "-->" in seen["files"]["srt"]
    conversation = json.loads(seen["files"]["json"])
    assert seen["address"].startswith(f"#/conversations/{conversation['conversation']['id']}")
    assert conversation["messages"][0]["content"] == "The heron stands in the reeds"


def test_the_servers_state_is_seen_at_a_glance(page: Page) -> None:
    seen = page.does("keeping", "health", bot="dead")
    assert re.fullmatch(r"[1-9]\d* / 100", seen["tiles"]["Conversations"])
    assert "whisper" in seen["engines"]
    assert "dead" in seen["live"]
    endpoints = {text.split()[0]: text for text in seen["endpoints"]}
    assert "Reachable" in endpoints["echo"]
    assert "scripted" in endpoints["echo"]
    assert "Not reachable" in endpoints["dead"]
    assert "no connection" in endpoints["dead"]
    assert "Last failure" in endpoints["dead"]
    assert "Answer failed" in seen["failures"]
    assert "cannot be reached" in seen["failures"]
