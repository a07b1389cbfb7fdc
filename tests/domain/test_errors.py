"""What an error says of the value that it is about."""

from typing import Any

import pytest

from kouyu.domain.errors import InvalidField, ProtocolError, TryLater, UnknownId
from kouyu.protocol.coze.uplink import parse


@pytest.mark.parametrize(("kind", "code"), [("conversation", 4002), ("message", 4005), ("file", 4200), ("bot", 4200)])
def test_an_id_that_is_unknown_has_the_code_of_its_kind(kind: str, code: int) -> None:
    fault = UnknownId(kind, "77")
    assert (fault.code, fault.msg) == (code, f"there is no {kind} '77'")


def test_an_id_that_is_unknown_is_reported_with_its_place_and_cut_if_it_is_long() -> None:
    assert UnknownId("chat", "77", "in this conversation").msg == "there is no chat '77' in this conversation"
    assert UnknownId("file", "7" * 10_000).msg == f"there is no file '{'7' * 100}'"


def test_what_a_limit_refuses_may_succeed_later() -> None:
    fault = TryLater(4013, "60 requests a minute", retry_after_s=7)
    assert (fault.code, fault.msg, fault.retry_after_s) == (4013, "60 requests a minute", 7)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("一二", '"一二"'),
        (None, "null"),
        ({"a": [1, True]}, '{"a": [1, true]}'),
        (b"\x00", "a value of type bytes"),
        ({"a": {1, 2}}, "a value of type dict"),
    ],
)
def test_a_value_is_shown_as_json_or_by_its_type_if_it_has_none(value: object, shown: str) -> None:
    assert InvalidField("data.x", value, "a text").msg == f"data.x: {shown} is not allowed; allowed: a text"


def nested(deep: int) -> Any:
    value: Any = 1
    for _ in range(deep):
        value = [value]
    return value


def test_of_a_value_nested_too_deeply_to_be_written_the_start_is_shown() -> None:
    assert InvalidField("data.x", nested(50_000), "a text").msg.startswith(f"data.x: {'[' * 100}…")


def test_an_event_nested_too_deeply_to_be_read_is_refused() -> None:
    with pytest.raises(ProtocolError, match="nested too deeply"):
        parse('{"event_type":"chat.update","data":' + "[" * 30_000 + "]" * 30_000 + "}")
