"""A microphone that cannot be used is told as what it is, with the way out; one can type all the same."""

import pytest

from tests.console.page import Page

pytestmark = pytest.mark.sdk

SAID = {
    "missing": "There is no microphone. Plug one in",
    "refused": "The browser does not let this page use the microphone. Click the icon",
}


@pytest.mark.parametrize("mode", ["free", "push"])
@pytest.mark.parametrize("microphone", SAID)
def test_a_missing_and_a_refused_microphone(page: Page, microphone: str, mode: str) -> None:
    seen = page.does("microphone", "inTrouble", bot="echo", microphone=microphone, mode=mode)
    assert seen["help"].startswith(SAID[microphone])
    assert seen["state"] == "No microphone: you can type"


def test_a_permission_that_is_taken_away_and_given_back(page: Page) -> None:
    seen = page.does("microphone", "takenAway", bot="echo", microphone="by permission")
    assert seen["help"].startswith(SAID["refused"])
    assert seen["state"] == "No microphone: you can type"
    assert (seen["meters"], seen["helpsLater"]) == (0, 0)


def test_a_microphone_that_is_unplugged_and_plugged_in_again(page: Page) -> None:
    seen = page.does("microphone", "unplugged", bot="echo")
    assert seen["help"].startswith("The microphone is gone. Plug it in again")
    assert (seen["state"], seen["meters"]) == ("No microphone: you can type", 0)


def test_the_browsers_question_that_nobody_answers(page: Page) -> None:
    seen = page.does("microphone", "unanswered", bot="echo")
    assert "answer it" in seen["help"]
    assert seen["state"] == "The browser asks for the microphone"
    assert seen["stateLater"] != "Listening"
    assert seen["helpsLater"] == 0


def test_whoever_types_is_not_asked_for_the_microphone(page: Page) -> None:
    seen = page.does("microphone", "typed", bot="echo")
    assert seen["asked"] == 0
    assert "What is the capital of France?" in seen["question"]
    assert seen["exampleLater"] == 0


def test_the_sound_check_hears_the_user_and_plays_what_it_heard(page: Page) -> None:
    assert page.does("microphone", "soundCheck", bot="echo")["most"] > 50
