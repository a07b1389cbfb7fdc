import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.agents.markup.call_body import LONGEST
from kouyu.agents.markup.filter import MarkupFilter
from tests.agents.markup_table import BEGUN_INSIDE, CALLS, ORDINARY, THOUGHTS, TOKENS_AND_CITATIONS

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {"type": "object", "properties": {key: {"type": kind} for key, kind in properties}},
        },
    }
    for name, properties in (
        ("get_time", (("city", "string"),)),
        ("turn_light", (("room", "string"), ("on", "boolean"))),
    )
]


def filtered(pieces: list[str], **how: Any) -> tuple[str, str, list[tuple[str, dict[str, Any]]], list[str]]:
    """Text, thoughts and calls, and what had been said after each piece."""
    markup = MarkupFilter(tools=TOOLS, **how)
    said, thought, told = "", "", []
    for piece in pieces:
        more = markup.feed(piece)
        if markup.withdrawn():
            said, thought = "", thought + said
        thought += markup.thoughts()
        said += more
        told.append(said)
    said += markup.finish()
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in markup.calls.calls()]
    return said, thought + markup.thoughts(), calls, told


def check(written: str, said: str, thought: str | None, calls: list[Any], **how: Any) -> None:
    """The same result whole, letter by letter and cut at every place; and nothing is said that is taken back later."""
    whole = filtered([written], **how)
    assert whole[0].strip() == said
    assert thought is None or whole[1] == thought
    assert whole[2] == calls
    for at in range(1, len(written)):
        cut = filtered([written[:at], written[at:]], **how)
        assert cut[:3] == whole[:3], f"cut before {written[at:]!r}"
        assert whole[0].startswith(cut[3][0]) or whole[1].startswith(cut[3][0])
    assert filtered(list(written), **how)[:3] == whole[:3]


@pytest.mark.parametrize(("written", "said", "thought"), THOUGHTS)
def test_thoughts_of_every_family_are_not_said(written: str, said: str, thought: str) -> None:
    check(written, said, thought, [])


@pytest.mark.parametrize(("written", "said", "thought"), BEGUN_INSIDE)
def test_a_thought_that_the_template_opened_is_not_said(written: str, said: str, thought: str) -> None:
    check(written, said, thought, [], held=True)


@pytest.mark.parametrize(("written", "said", "calls"), CALLS)
def test_calls_in_text_are_calls_and_not_said(written: str, said: str, calls: list[Any]) -> None:
    check(written, said, None, calls)


@pytest.mark.parametrize(("written", "said"), TOKENS_AND_CITATIONS)
def test_special_tokens_and_citations_are_left_out(written: str, said: str) -> None:
    check(written, said, "", [])


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    check(text, text, "", [])


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_hardly_held_back(text: str) -> None:
    markup = MarkupFilter(tools=TOOLS)
    said = 0
    for count, letter in enumerate(text, 1):
        said += len(markup.feed(letter))
        assert count - said <= 24


def test_without_tools_json_is_an_answer_like_any_other() -> None:
    markup = MarkupFilter()
    text = '{"name": "get_time", "arguments": {"city": "Oslo"}}'
    assert markup.feed(text) == text


def test_json_that_is_no_call_is_said_however_long_it_is() -> None:
    row = json.dumps({"type": "row", "text": "a line " * 20})
    for written in (json.dumps({"type": "report", "rows": ["a line"] * 5000}), "\n".join([row] * 300)):
        assert len(written) > LONGEST
        pieces = [written[start : start + 400] for start in range(0, len(written), 400)]
        assert filtered(pieces)[:3] == (written, "", [])


def test_text_goes_out_at_once_when_it_cannot_become_a_mark() -> None:
    markup = MarkupFilter()
    assert [markup.feed(piece) for piece in ("Hello <", "b>", " there. ", "And ", "[laughs] ok")] == [
        "Hello",
        " <b>",
        " there. ",
        "And",
        " [laughs] ok",
    ]


def test_a_block_opened_by_the_chat_template_is_not_said() -> None:
    markup = MarkupFilter(inside=True)
    said = [markup.feed(piece) for piece in ("so the ans", "wer is</thi", "nk>\n", "\nFour.")]
    assert "".join(said) == "Four."
    assert markup.thoughts() == "so the answer is"


def test_only_an_answer_that_begins_as_thoughts_do_waits_for_its_end() -> None:
    watchful = MarkupFilter(watchful=True)
    assert watchful.feed("I should") == ""
    assert watchful.feed(" greet the user.\n</think>\n\nHello") == "Hello"
    assert watchful.thoughts() == "I should greet the user.\n"
    assert MarkupFilter(watchful=True).feed("It is four") == "It is four"
    honest = MarkupFilter(watchful=True)
    assert honest.feed("I should say four.") == ""
    assert honest.finish() == "I should say four."


def test_a_closing_mark_tells_that_what_was_said_was_thought() -> None:
    markup = MarkupFilter()
    assert markup.feed("Greet them.") == "Greet them."
    assert markup.feed("\n</think>\nHello.") == "Hello."
    assert markup.withdrawn()
    assert not markup.withdrawn()
    assert markup.began_inside


def test_little_is_held_however_long_the_text() -> None:
    for piece in ("<", "[1", "<|", "【1", "</", "<tool_call>", "`", "a <think", "]", " ", "<｜"):
        markup = MarkupFilter(tools=TOOLS)
        for _ in range(100):
            markup.feed(piece * 20)
            assert len(markup._incoming.text) < 1000


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(alphabet='<>/think[]1`|\n 【】{}":a.', max_size=12), max_size=8))
def test_cutting_changes_nothing(pieces: list[str]) -> None:
    assert filtered(pieces)[:3] == filtered(["".join(pieces)])[:3]


def test_calls_of_unknown_tools_are_logged_once_for_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    markup = MarkupFilter()
    markup.feed('<tool_call>{"name": "no_such_tool", "arguments": {}}</tool_call> So. ' * 20)
    markup.finish()
    assert markup.calls.dropped == 20
    assert len(caplog.records) == 1
