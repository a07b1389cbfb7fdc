import pytest

from kouyu.model_files.protobuf import field_bytes, fields, number_bytes, text_bytes, text_in, varints

ABC = bytes((3 << 3 | 2, 3)) + b"abc"
"""Field 3, with a length of 3."""


def test_the_fields_of_a_message_come_in_order_with_their_numbers() -> None:
    found = list(fields(memoryview(ABC + bytes((4 << 3, 0x96, 0x01)))))
    assert [(each.number, bytes(each.content)) for each in found] == [(3, b"abc"), (4, b"\x96\x01")]


def test_a_message_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="cut off"):
        list(fields(memoryview(ABC[:-1])))


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**40])
def test_what_is_written_is_read(number: int) -> None:
    message = memoryview(number_bytes(2, number) + text_bytes(3, "abc") + field_bytes(1000, b"x" * 200))
    (first, second, third) = fields(message)
    assert (first.number, list(varints(first.content))) == (2, [number])
    assert bytes(second.raw) == ABC
    assert (third.number, bytes(third.content)) == (1000, b"x" * 200)
    assert (text_in(message, 3), text_in(message, 4)) == ("abc", "")
