"""Bots on the page: by name, made, tried, published, talked to, changed."""

import pytest

from tests.console.page import Page
from tests.standins.openai_server import OpenAIStandIn

pytestmark = pytest.mark.sdk


def test_a_bot_is_made_tried_published_talked_to_and_changed(page: Page, console_model: OpenAIStandIn) -> None:
    seen = page.does("bots", "made", bot="echo")
    assert "Say hello" in seen["test"]
    assert seen["answer"] == "Where to?"
    assert seen["unsaved"] == "#/bots/new"
    assert seen["address"].startswith("#/bots/")
    assert seen["address"] != "#/bots/new"
    assert seen["chosen"] == "Pirate"
    assert seen["prompt"] == "You are a grim pirate."
    chats = [request.messages for request in console_model.requests if "messages" in request.body]
    asked = [messages for messages in chats if messages[-1]["content"] == "Land?"]
    assert asked[0][0]["content"] == "You are a pirate."


def test_a_bot_of_the_settings_is_read_and_copied(page: Page) -> None:
    seen = page.does("bots", "settled")
    assert seen["isFixed"]
    assert seen["mayChange"]
    assert seen["address"].startswith("#/bots/")
    assert any("The draft is saved" in text for text in seen["said"])
