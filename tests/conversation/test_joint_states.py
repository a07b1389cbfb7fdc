"""The tables of states in docs/architecture.md are those of the code."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.conversation.limits import Limits
from tests.conversation.joint_states import Change, Joint, WatchedSimulation
from tests.conversation.joint_walks import WALKS, walk
from tests.conversation.random_users import Do, histories, perform, tries
from tests.conversation.test_random_histories import RandomEngines, engines

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
_CODE = re.compile(r"`([^`]+)`")


def _rows(heading: str) -> Iterator[list[str]]:
    """The cells of the table under a heading of the page."""
    section = PAGE.split(f"\n### {heading}\n")[1].split("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def _documented_states() -> set[Joint]:
    return {
        Joint(user.strip("`"), turn.strip("`"), item)
        for user, turn, items in _rows("Which states occur together")
        for item in _CODE.findall(items)
    }


def _documented_changes() -> set[Change]:
    return {
        Change(side, before.strip("`"), after.strip("`"), cause.strip("`* "))
        for side, before, after, causes in _rows("What leads from one state to another")
        for cause in causes.split(", ")
    }


@pytest.fixture(scope="module")
def walked() -> list[WatchedSimulation]:
    return [walk(seed) for seed in WALKS]


def test_the_joint_states_that_occur_are_those_of_the_page(walked: list[WatchedSimulation]) -> None:
    assert set(chain.from_iterable(talk.states for talk in walked)) == _documented_states()


def test_what_leads_from_one_state_to_another_is_what_the_page_says(walked: list[WatchedSimulation]) -> None:
    assert set(chain.from_iterable(talk.changes for talk in walked)) == _documented_changes()


@settings(tries, max_examples=max(40, tries.max_examples - 150))
@given(history=histories, engines=engines, speculation=st.booleans())
def test_random_histories_know_no_other_states_and_changes(
    history: tuple[dict[str, Any], list[Do]], engines: RandomEngines, speculation: bool
) -> None:
    talk = WatchedSimulation(engines, Limits(speculation=speculation))
    perform(talk, history)
    assert talk.states <= _documented_states()
    assert {change[:3] for change in talk.changes} <= {change[:3] for change in _documented_changes()}


def test_time_alone_leads_out_of_every_state_in_which_the_client_is_not_waited_for(
    walked: list[WatchedSimulation],
) -> None:
    resting = set(chain.from_iterable(talk.without_deadline for talk in walked))
    assert {state.item for state in resting} == {"empty", "sounding"}
    assert {state.turn for state in resting} == {"none", "prepared"}
    assert "completed" not in {state.user for state in resting}


def test_every_state_is_explained_with_its_deadline() -> None:
    rows = list(_rows("The states of each side"))
    named = {(side, state.strip("`")) for side, state, *_ in rows}
    assert named == {pair for state in _documented_states() for pair in zip(Joint._fields, state, strict=True)}
    limits = {name for row in rows for name in _CODE.findall(" ".join(row[2:4])) if name.endswith(("_s", "_ms"))}
    assert limits <= set(Limits.__struct_fields__)
