"""Administration on the page: access tokens, and charts of the metrics."""

import re
from typing import Any

import pytest

from tests.console.page import Page
from tests.console.sign_in import login_of

pytestmark = pytest.mark.sdk


def test_a_token_is_created_copied_changed_and_revoked(page: Page) -> None:
    seen = page.does("administering", "tokens", login=login_of(page.server))
    assert seen["secret"].startswith("kouyu_")
    assert seen["copied"] == seen["secret"]
    assert seen["created"]["Owner"] == "shop"
    assert seen["created"]["Limits"] == "Conversations at once: 2"
    assert "bots" not in seen["created"]["Permissions"]
    assert seen["created"]["Expires"] != "never"
    assert seen["created"]["Last used"] == "not yet"
    assert seen["changed"]["Limits"] == "Requests a minute: 30"
    assert "its own sessions" in seen["changed"]["Permissions"]
    assert (seen["before"], seen["after"]) == (200, 401)
    assert not seen["isShownLater"]


def test_without_the_permission_the_view_of_tokens_says_so(page: Page) -> None:
    seen = page.does("administering", "withoutPermission")
    assert "may not administer" in seen["text"]
    assert "kouyu token link" in seen["text"]
    assert seen["forms"] == 0


@pytest.mark.parametrize("browser", [{}, {"dark": True, "phone": True}], ids=["light", "dark, on a phone"])
def test_charts_show_a_turn_and_say_it_in_words(page: Page, browser: dict[str, Any]) -> None:
    seen = page.does("administering", "charts", bot="echo", **browser)
    assert len(seen["labels"]) == 9
    conversations, first_audio = seen["labels"][:2]
    assert re.match(
        r"Conversations and turns in progress: conversations \d+ now, [1-9]\d* at most; turns ", conversations
    )
    assert re.search(r"; p90 .*, [\d.]+ m?s at most$", first_audio)
    assert seen["drawn"][0] == seen["drawn"][1] == 2
    names = [name for name, *_ in seen["table"]]
    assert "Event-loop lag · lag" in names
    assert len(names) == len(set(names)) == sum(len(label.split("; ")) for label in seen["labels"])
