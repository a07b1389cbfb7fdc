"""The items of a session are bounded in number and in length: the oldest are forgotten, never the new one."""

from collections.abc import Callable

import pytest

from kouyu.protocol.openai.conversation_items import MOST_CHARACTERS, MOST_ITEMS, ROOT, ConversationItems
from kouyu.protocol.openai.items import Item, Part, spoken_question


def written(item_id: str, characters: int = 2) -> Item:
    part = Part(type="input_text", text="x" * characters)
    return Item(id=item_id, type="message", role="user", content=(part,))


def output(item_id: str, characters: int) -> Item:
    return Item(id=item_id, type="function_call_output", call_id="c", output="x" * characters)


@pytest.mark.parametrize("make", [written, output])
def test_of_long_items_the_oldest_are_forgotten(make: Callable[[str, int], Item]) -> None:
    items = ConversationItems()
    for number in range(6):
        items.append(make(str(number), MOST_CHARACTERS // 4))
    assert [str(number) in items for number in range(6)] == [False, False, True, True, True, True]
    items.remove("5")
    items.append(written("6", MOST_CHARACTERS // 4))
    assert "2" in items, "what was removed does not count"


def test_an_item_counts_with_what_it_has_become() -> None:
    items = ConversationItems()
    items.append(written("0"))
    items.append(spoken_question("1", None))
    items.transcribe("1", "x" * MOST_CHARACTERS)
    items.append(written("2"))
    assert ("0" in items, "1" in items, "2" in items) == (False, False, True)


def test_the_transcript_of_an_item_that_is_gone_is_not_kept() -> None:
    items = ConversationItems()
    items.transcribe("gone", "x")
    assert (items.get("gone"), items.last_id) == (None, None)


def test_a_new_item_in_front_of_all_is_not_the_one_that_is_forgotten() -> None:
    items = ConversationItems()
    for number in range(MOST_ITEMS):
        items.append(written(str(number)))
    items.insert(written("new"), ROOT)
    assert ("new" in items, "0" in items, "1" in items) == (True, False, True)


def test_items_that_are_not_shown_are_passed_over() -> None:
    items = ConversationItems()
    items.insert(written("1"), ROOT)
    assert (items.append(written("2")), items.last_id) == (None, "2")
    items.insert(written("3"), "2")
    assert (items.append(written("4")), items.before("gone")) == ("2", "4")
    assert (items.show("1"), items.show("3"), items.before("4")) == (None, "2", "3")
    items.insert(written("5"), "4")
    items.remove("4")
    assert (items.show("4"), items.show("5")) == ("3", "3")
