"""Every view, conversation and turn has an address: it can be sent to others, and Back and Reload work."""

import pytest

from tests.console.page import Page

pytestmark = pytest.mark.sdk


def test_a_view_is_found_again_by_its_address(page: Page) -> None:
    seen = page.does("addresses", "views")
    assert {name: view["address"] for name, view in seen["seen"].items()} == {
        "Bots": "#/bots",
        "Conversations": "#/conversations",
        "Voiceprints": "#/voiceprints",
        "Tokens": "#/tokens",
        "Health": "#/health",
    }
    assert seen["seen"]["Health"]["title"] == "Health · kouyu"
    assert seen["before"] == "Tokens"
    assert (seen["afterSkip"], seen["focused"]) == ("#/health", "main")


def test_a_conversation_and_a_turn_are_found_again_by_their_addresses(page: Page) -> None:
    seen = page.does("addresses", "conversation", bot="echo")
    conversation = seen["conversations"][0]
    assert seen["talk"] == seen["afterBack"] == f"#/talk/{conversation}"
    assert seen["turn"].startswith(f"#/talk/{conversation}/")
    assert seen["stored"] == f"#/conversations/{conversation}"
    assert seen["named"] == 2
    assert seen["stillThere"] == seen["restored"] == ["First", "First"]
    assert "The timeline of this turn is not here" in seen["timeline"]
    assert set(seen["conversations"]) == {conversation}
    assert seen["anew"] == {"address": "#/talk", "bubbles": 0}
    assert seen["again"].startswith(seen["talk"])
