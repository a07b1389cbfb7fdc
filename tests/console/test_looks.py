"""The page on a phone, in Chinese, in dark colours and by keyboard, and its login."""

from typing import Any

import pytest

from tests.console.page import Page
from tests.console.sign_in import login_of

pytestmark = pytest.mark.sdk


@pytest.mark.parametrize(
    "browser",
    [{"phone": True}, {"locale": "zh-CN", "dark": True}, {"width": 1024, "height": 640}],
    ids=["phone", "Chinese and dark", "small laptop"],
)
def test_every_control_has_a_name_and_nothing_is_wider_than_the_screen(page: Page, browser: dict[str, Any]) -> None:
    seen = page.does("looks", "everyPage", bot="echo", **browser)
    assert {look["name"]: look["nameless"] for look in seen["found"] if look["nameless"]} == {}
    assert [look["name"] for look in seen["found"] if look["tooWide"]] == []
    assert {look["name"]: look["overlapping"] for look in seen["found"] if look["overlapping"]} == {}
    is_chinese = "locale" in browser
    assert seen["language"] == ("zh-CN" if is_chinese else "en")
    assert ("声纹" in seen["text"]) == is_chinese


def test_the_keyboard_is_enough(page: Page) -> None:
    assert page.does("looks", "keyboardAlone", bot="echo")["seen"]


def test_the_printed_link_lets_in_once_and_leaves_the_address_bar(page: Page) -> None:
    seen = page.does("looks", "signIn", login=login_of(page.server))
    assert seen["address"] == seen["home"]
    assert seen["problem"]
