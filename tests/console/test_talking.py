"""Talking with the page: aloud, by a held button, in writing; interrupting; tools; a lost connection."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.console.page import Page

pytestmark = pytest.mark.sdk

HOLD_MS = 4500
"""Longer than the question and the silence before it."""


def texts(seen: dict[str, Any], who: str) -> list[str]:
    """What is in the bubbles of the user or the agent."""
    return [bubble["text"] for bubble in seen["bubbles"] if bubble["who"] == who]


def test_free_talk_shows_interim_transcripts_and_the_sentence_that_is_played(page: Page) -> None:
    seen = page.does("talking", "freeTalk", bot="echo")
    assert "capital of france" in texts(seen, "user")[0].lower()
    assert "capital of france" in texts(seen, "agent")[0].lower()
    assert any("what" in interim.lower() for interim in seen["interim"])
    assert any("capital of france" in sentence.lower() for sentence in seen["sounding"])


def test_speech_interrupts_the_answer_where_it_was_heard(ask: Callable[..., Page]) -> None:
    seen = ask("en-story", 8).does("talking", "interruptByVoice", bot="echo")
    cut = next(bubble for bubble in seen["bubbles"] if bubble["isCut"])
    assert cut["text"].startswith("This is a long story")
    assert "the sun is warm" in cut["unheard"]
    assert any("was cut off by" in reason for reason in seen["turn"]["reasons"])


def test_the_interrupt_button_cuts_the_answer_off(page: Page) -> None:
    seen = page.does("talking", "interruptByButton", bot="echo")
    assert seen["canceled"]["data"]["code"] == 2
    assert "the sun is warm" in seen["bubbles"][-1]["unheard"]


def test_a_held_button_and_a_held_space_bar_ask(page: Page) -> None:
    seen = page.does("talking", "pushToTalk", bot="echo", holdMs=HOLD_MS)
    assert len(texts(seen, "user")) == 2
    assert all("capital of france" in text.lower() for text in texts(seen, "user"))
    assert any("released the button" in reason for reason in seen["turn"]["reasons"])


def test_what_is_typed_and_attached_is_answered_and_words_are_said_as_they_are(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_text("The key is under the mat.")
    seen = page.does("talking", "write", bot="echo", file=str(file))
    assert texts(seen, "user")[0] == "Good morning"
    assert texts(seen, "agent")[0] == "Good morning"
    assert texts(seen, "user")[1] == "What stands in it?note.txt"
    assert "under the mat" in texts(seen, "agent")[1]
    assert "Good morning" in seen["sounding"]


def test_a_tool_is_run_by_hand(page: Page) -> None:
    seen = page.does("talking", "runTool", bot="tools", result="Sunny, 21 degrees.")
    assert seen["asked"] == 'weather({"city": "Paris"})'
    assert seen["sent"]["data"]["tool_outputs"][0]["output"] == "Sunny, 21 degrees."
    assert "Sunny, 21 degrees." in texts(seen, "agent")[0]


def test_a_lost_connection_is_restored_with_its_conversation(page: Page) -> None:
    seen = page.does("talking", "reconnect", bot="echo")
    assert len(seen["conversations"]) == 2
    assert len(set(seen["conversations"])) == 1


def test_a_tools_form_dies_with_its_chat_and_stands_where_the_call_stood(page: Page) -> None:
    seen = page.does("talking", "toolNotWanted", bot="tools", result="Sunny, 21 degrees.")
    assert seen["gone"] == {"button": "No longer wanted", "isDisabled": True}
    assert seen["kinds"] == ["user", "tool", "agent", "user", "tool", "agent"]  # the first one was interrupted


def test_the_loss_of_the_server_ends_the_answer_and_keeps_the_choice_of_bots(page: Page) -> None:
    seen = page.does("talking", "lost", bot="echo", may_fail="Error in connection establishment")
    assert "The connection was lost" in seen["failure"]
    assert seen["choice"] == "SELECT"
