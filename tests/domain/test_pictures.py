"""Pictures are known by what is in them, and read from data URIs."""

from base64 import b64encode

import pytest

from kouyu.domain.errors import InvalidField
from kouyu.domain.pictures import is_data_uri, picture_in, picture_type

PNG = b"\x89PNG\r\n\x1a\n and so on"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", ""),
        (b"%PDF-1.7", ""),
        (b"", ""),
    ],
)
def test_the_type_is_that_of_the_content(content: bytes, kind: str) -> None:
    assert picture_type(content) == kind


@pytest.mark.parametrize("head", ["data:image/png;base64", "DATA:image/jpeg;charset=utf-8;BASE64", "data:;base64"])
def test_a_picture_is_read_whatever_type_is_named(head: str) -> None:
    uri = f"{head},{b64encode(PNG).decode()}"
    assert is_data_uri(uri)
    assert picture_in(uri, "image_url", len(PNG)) == PNG


@pytest.mark.parametrize(
    ("uri", "value"),
    [
        ("data:image/png,abc", "data:image/png"),
        ("data:image/png;base64", "data:image/png;base64"),
        ("data:image/png;base64,§§§", "data:image/png;base64,§§§"),
        (f"data:image/png;base64,{b64encode(b'GIF').decode()}", "a file of 3 bytes that is no such picture"),
        (f"data:image/png;base64,{b64encode(PNG * 9).decode()}", "162 bytes"),
        (f"data:image/png;base64,{b64encode(PNG + bytes(14)).decode()}", "32 bytes"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_is_allowed(uri: str, value: str) -> None:
    with pytest.raises(InvalidField) as caught:
        picture_in(uri, "item.content[0].image_url", 31)
    assert (caught.value.field, caught.value.value) == ("item.content[0].image_url", value)
    assert "a PNG, JPEG, GIF or WebP picture of at most 31 bytes, as a data URI in base64" in caught.value.msg
