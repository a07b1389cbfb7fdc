"""What is kept is found again: conversations with their sound, voiceprints; and how the server is."""

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


def test_the_servers_state_is_seen_at_a_glance(page: Page) -> None:
    seen = page.does("keeping", "health", bot="echo")
    assert seen["tiles"]["Conversations"].startswith("1 / ")
    assert "whisper" in seen["engines"]
    assert "echo" in seen["live"]
