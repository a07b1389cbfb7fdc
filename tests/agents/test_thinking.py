import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.agents.thinking import ThoughtFilter


def said(pieces: list[str], *, inside: bool = False) -> str:
    thoughts = ThoughtFilter(inside=inside)
    return "".join([*(thoughts.feed(piece) for piece in pieces), thoughts.finish()])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello.", "Hello."),
        ("<think>Hm. 2 < 3.</think>\n\nFour.", "Four."),
        ("Well <think>so</think> then<think></think>.", "Well then."),
        ("<think>never closed", ""),
        ("5 < 6 and <thing> is no tag <thin", "5 < 6 and <thing> is no tag <thin"),
    ],
)
def test_think_blocks_are_not_said_however_the_text_is_cut(text: str, expected: str) -> None:
    assert said([text]) == said(list(text)) == expected


def test_a_block_opened_by_the_chat_template_is_not_said() -> None:
    assert said(["so the ans", "wer is</thi", "nk>\n", "\nFour."], inside=True) == "Four."


def test_text_is_not_held_back_when_it_cannot_become_a_tag() -> None:
    thoughts = ThoughtFilter()
    assert [thoughts.feed("Hello <"), thoughts.feed("b>")] == ["Hello ", "<b>"]


@given(st.lists(st.text(alphabet="<>/think a", max_size=8), max_size=8))
def test_cutting_changes_nothing(pieces: list[str]) -> None:
    assert said(pieces) == said(["".join(pieces)])
