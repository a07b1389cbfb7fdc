"""Each conversation keeps its slot of the model's server."""

from kouyu.agents.embedded.slots import ConversationSlots


def test_a_conversation_keeps_its_slot() -> None:
    slots = ConversationSlots(2)
    assert [slots.take(name) for name in ("a", "b", "a", "b")] == [(0, True), (1, True), (0, False), (1, False)]


def test_a_further_conversation_takes_the_slot_used_longest_ago() -> None:
    slots = ConversationSlots(2)
    for name in ("a", "b", "a"):
        slots.take(name)
    assert slots.take("c") == (1, True)
    assert slots.take("a") == (0, False)
    assert slots.take("b") == (1, True)
