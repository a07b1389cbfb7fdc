"""Which values of a client count as the recorded ones."""

from typing import Any

import pytest

from kouyu.cassettes.comparison import FieldDifference, carry_over, compare

UUID, OTHER_UUID = "6a1f0c1e-8a8a-4d0e-9b57-000000000001", "6a1f0c1e-8a8a-4d0e-9b57-000000000002"


@pytest.mark.parametrize(
    ("recorded", "now"),
    [
        ({"event_id": "a"}, {"event_id": "b"}),
        ({"userId": "a"}, {"userId": "b"}),
        ({"trace": UUID}, {"trace": OTHER_UUID}),
        ({"sent": 1752474749}, {"sent": 1900000000}),
        ({"sent": 1752474749123}, {"sent": 1752474749124}),
        ({"sent": "1752474749123"}, {"sent": "1752474749124"}),
        ({"sent": "2025-07-14T06:32:29Z"}, {"sent": "2026-07-14T06:32:29.123+08:00"}),
    ],
    ids=str,
)
def test_ids_and_times_of_the_client_are_the_same_and_carried_over(recorded: Any, now: Any) -> None:
    ((name, old),) = recorded.items()
    found = compare(recorded, now, {})
    assert found == {old: now[name]}
    assert carry_over({name: old, "text": "a"}, found) == {name: now[name], "text": "a"}


@pytest.mark.parametrize(
    ("recorded", "now", "path"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "a.b[1]"),
        ({"a": [1]}, {"a": [1, 2]}, "a[1]"),
        ({"a": 1}, {"a": "1"}, "a"),
        ({"a": 1}, {"a": True}, "a"),
        ({"a": 1}, {}, "a"),
        ({}, {"a": 1}, "a"),
        ({"bot_id": "1"}, {"bot_id": "2"}, "bot_id"),
        ({"voice_id": "1"}, {"voice_id": "2"}, "voice_id"),
        ({"user_id": "1"}, {"user_id": ""}, "user_id"),
        ({"sent": 1752474749}, {"sent": 1752474749123}, "sent"),
        ({"rate": 16000}, {"rate": 24000}, "rate"),
    ],
    ids=str,
)
def test_other_values_are_a_difference_at_their_path(recorded: Any, now: Any, path: str) -> None:
    found = compare(recorded, now, {})
    assert isinstance(found, FieldDifference)
    assert found.path == path


@pytest.mark.parametrize(
    ("recorded", "now"),
    [({"a": None}, {}), ({}, {"a": None}), ({"a": 20}, {"a": 20.0}), ({"token": "[redacted]"}, {"token": "xyz"})],
    ids=str,
)
def test_values_that_are_the_same(recorded: Any, now: Any) -> None:
    assert compare(recorded, now, {}) == {}


def test_an_id_has_one_new_value() -> None:
    carried = compare({"user_id": "a"}, {"user_id": "b"}, {})
    assert isinstance(carried, dict)
    assert compare({"user_id": "a"}, {"user_id": "b"}, carried) == {}
    assert isinstance(compare({"user_id": "a"}, {"user_id": "c"}, carried), FieldDifference)
