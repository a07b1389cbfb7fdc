import pytest

from kouyu.domain.client_json import decode_json


@pytest.mark.parametrize("halves", [r"\ud83d", r"\uDE00", r"\ud83d\ud83d", r"\ude00\ud83d"])
def test_half_an_emoji_costs_that_character_alone(halves: str) -> None:
    read = decode_json(rf'{{"content": "Hi{halves} \ud83d\ude00 你", "\u2028": [1, 2.5, null]}}')
    assert read["content"].replace("?", "") == "Hi 😀 你"
    assert read["\u2028"] == [1, 2.5, None]
    assert decode_json(rf'"{halves}"'.encode()).strip("?") == ""


@pytest.mark.parametrize("text", ["", "{", r'"\ud83d', '["\\ud83d", ]', rb'"\ud83d" ' + b"\xff", '["\\ud83d", NaN]'])
def test_what_is_no_json_is_none(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode_json(text)


@pytest.mark.parametrize("around", ["\ufeff%s", "%s\0", "%s\0\0", "%s\r\n\0", "%s\0\n", "\ufeff%s\0"])
def test_a_byte_order_mark_in_front_and_nuls_behind_are_passed_over(around: str) -> None:
    for value in ('{"a": "\\u0000 "}', r'["\ud83d"]'):
        text = around % value
        assert decode_json(text) == decode_json(text.encode()) == decode_json(value)


@pytest.mark.parametrize("text", ["{}\0{}", "\0{}", "{}\ufeff", '"\0', "\ufeff", "\0"])
def test_they_are_not_passed_over_elsewhere(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode_json(text)


def test_what_is_nested_too_deeply_is_reported() -> None:
    for depth in ("[" * 100_000, '["\\ud83d",' + "[" * 100_000):
        with pytest.raises((RecursionError, ValueError)):
            decode_json(depth)
