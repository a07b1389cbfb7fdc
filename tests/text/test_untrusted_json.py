from typing import Any

import msgspec
import pytest

from kouyu.text.untrusted_json import decode_untrusted


class Answer(msgspec.Struct):
    text: str = ""


@pytest.mark.parametrize("kind", [Any, Answer])
@pytest.mark.parametrize("data", [b"{", b'{"text": "\xff"}', b'{"other": ' + b"[" * 5000, b'{"a":' * 5000])
def test_whatever_is_wrong_is_one_error(kind: type[object], data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_untrusted(data, kind)


def test_a_value_is_of_the_type_asked_for() -> None:
    assert decode_untrusted('{"text": "Hi", "more": [1]}', Answer) == Answer("Hi")
    assert decode_untrusted(b"[1]") == [1]
