"""The timeline says what the events say: its numbers agree with the facts, the facts with the events' times."""

from typing import Any

import pytest

from tests.console.page import Page

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def seen(page: Page) -> Any:
    """One question and its answer."""
    return page.does("talking", "freeTalk", bot="echo")


def fact(seen: Any, kind: str) -> Any:
    """The first fact of one type in the exported turn."""
    return next(fact for fact in seen["turn"]["record"]["facts"] if fact["type"] == kind)


def respond_at(seen: Any, event_type: str) -> int:
    """When the first event of one type went to the socket, in Unix ms."""
    return int(next(e["detail"]["respond_at"] for e in seen["received"] if e["event_type"] == event_type))


def shown_ms(text: str) -> float:
    """A length of time as the page writes it."""
    number, unit = text.split()
    return float(number) * (1000 if unit == "s" else 1)


def test_an_exported_turn_is_whole(seen: Any) -> None:
    record = seen["turn"]["record"]
    assert record["format"] == "kouyu.turn"
    assert record["ended"]
    kinds = {fact["type"] for fact in record["facts"]}
    assert kinds >= {"session.configured", "user.audio", "user.voice", "speech.started", "audio.sent", "turn.ended"}
    chat = next(e["data"] for e in seen["received"] if e["event_type"] == "conversation.chat.created")
    assert record["chat_id"] == chat["id"]


def test_the_stages_shown_are_the_turns_and_add_up(seen: Any) -> None:
    shown = [shown_ms(text) for text in seen["turn"]["stages"].values()]
    stages = fact(seen, "turn.ended")["stages"]
    total, *parts = shown
    assert sum(parts) == pytest.approx(total, abs=len(parts) * 5)  # each is rounded, from a second on to 10 ms
    assert total == pytest.approx(stages["total"], abs=5)
    assert shown_ms(seen["turn"]["stages"]["Silence"]) == pytest.approx(stages["silence"], abs=5)
    assert f"{seen['turn']['stages']['Total']} from your last word to the first sound" in seen["turn"]["reasons"][0]


def test_the_total_is_from_the_end_of_speech_to_the_first_audio(seen: Any) -> None:
    length = fact(seen, "audio.sent")["at_ms"] - fact(seen, "speech.ended")["to_ms"]
    assert fact(seen, "turn.ended")["stages"]["total"] == pytest.approx(length, abs=2)


@pytest.mark.parametrize(
    ("kind", "event_type"),
    [
        ("speech.started", "input_audio_buffer.speech_started"),
        ("speech.ended", "input_audio_buffer.speech_stopped"),
        ("audio.sent", "conversation.audio.delta"),
    ],
)
def test_facts_happen_just_before_their_events_are_sent(seen: Any, kind: str, event_type: str) -> None:
    epoch_ms = seen["turn"]["record"]["session"]["epoch_ms"]
    late = respond_at(seen, event_type) - (epoch_ms + fact(seen, kind)["at_ms"])
    assert -5 <= late < 2000  # what is told waits until it is saved, on a machine that may be busy


def test_what_is_told_of_the_user_lies_within_the_turn(seen: Any) -> None:
    started, ended = fact(seen, "speech.started"), fact(seen, "speech.ended")
    assert started["from_ms"] < ended["to_ms"] <= ended["at_ms"]
    voice = [f for f in seen["turn"]["record"]["facts"] if f["type"] == "user.voice"]
    loud = [
        probability
        for run in voice
        for index, probability in enumerate(run["probabilities"])
        if started["from_ms"] < run["from_ms"] + index * run["chunk_ms"] < ended["to_ms"]
    ]
    assert sum(loud) / len(loud) > 0.5
