"""Forms are read while they arrive, in steps between which other tasks run."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar, Request, post
from multipart import PushMultipartParser

from kouyu.domain.errors import ProtocolError
from kouyu.server.rest import uploads
from kouyu.server.rest.uploads import FORM_BYTES, STEP_BYTES, Form, read_form

MULTIPART = "multipart/form-data; boundary=xyz"
URL_ENCODED = "application/x-www-form-urlencoded"


def multipart(**parts: bytes) -> bytes:
    """A form whose part ``file`` is a file, and whose other parts are texts."""
    body = b""
    for name, content in parts.items():
        file_name = b'; filename="a.bin"' if name == "file" else b""
        body += b'--xyz\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + file_name + b"\r\n\r\n"
        body += content + b"\r\n"
    return body + b"--xyz--\r\n"


class Upload:
    """A request whose body arrives in messages of ``arrives`` bytes."""

    def __init__(self, content_type: str, body: bytes, *, arrives: int = 1 << 30) -> None:
        self._content_type = content_type
        self._left = [body[start : start + arrives] for start in range(0, len(body), arrives)]
        self.received = 0

    async def read(self) -> Form:
        """Pass the request through the framework to ``read_form``. Raises what that raises."""
        read: list[Form | ProtocolError] = []

        @post("/", request_max_body_size=None)
        async def handler(request: Request[Any, Any, Any]) -> None:
            try:
                read.append(await read_form(request))
            except ProtocolError as fault:
                read.append(fault)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "headers": [(b"content-type", self._content_type.encode())],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        await Litestar([handler], openapi_config=None, logging_config=None)(scope, self._receive, self._send)  # type: ignore[arg-type]
        (result,) = read
        if isinstance(result, ProtocolError):
            raise result
        return result

    async def _receive(self) -> dict[str, Any]:
        body = self._left.pop(0)
        self.received += len(body)
        return {"type": "http.request", "body": body, "more_body": bool(self._left)}

    async def _send(self, message: dict[str, Any]) -> None:
        pass


class CountedParser(PushMultipartParser):  # type: ignore[misc]
    """Counts what is parsed, in all and in one turn of the event loop."""

    parsed = 0
    in_this_turn = 0
    most_in_a_turn = 0

    def parse(self, chunk: bytes) -> Iterator[Any]:
        CountedParser.parsed += len(chunk)
        CountedParser.in_this_turn += len(chunk)
        CountedParser.most_in_a_turn = max(CountedParser.most_in_a_turn, CountedParser.in_this_turn)
        yield from super().parse(chunk)


async def turns() -> None:
    while True:
        CountedParser.in_this_turn = 0
        await asyncio.sleep(0)


@pytest.mark.parametrize("arrives", [1 << 30, 1_000_000, 1000])
async def test_however_a_large_form_arrives_a_turn_of_the_loop_parses_a_small_part_of_it(
    arrives: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PushMultipartParser", CountedParser)
    CountedParser.parsed = CountedParser.in_this_turn = CountedParser.most_in_a_turn = 0
    content = b"\r\n--xy" * (10 * STEP_BYTES // 6)
    body = multipart(name=b"Ann", file=content)
    others = asyncio.create_task(turns())
    try:
        form = await Upload(MULTIPART, body, arrives=arrives).read()
    finally:
        others.cancel()
    assert form.file(most_bytes=len(content)) == ("a.bin", content)
    assert form.texts() == {"name": "Ann"}
    assert CountedParser.parsed == len(body), "a form is parsed once"
    assert CountedParser.most_in_a_turn <= STEP_BYTES


async def test_a_file_may_be_as_large_as_the_limit_and_not_larger() -> None:
    form = await Upload(MULTIPART, multipart(file=b"x" * 1000)).read()
    assert len(form.file(most_bytes=1000)[1]) == 1000
    with pytest.raises(ProtocolError, match="larger than 999 bytes"):
        form.file(most_bytes=999)


async def test_a_form_has_at_most_a_hundred_parts() -> None:
    form = await Upload(MULTIPART, multipart(**{f"x{number}": b"y" for number in range(100)})).read()
    assert len(form.texts()) == 100
    with pytest.raises(ProtocolError, match="not a readable form"):
        await Upload(MULTIPART, multipart(**{f"x{number}": b"y" for number in range(101)})).read()


@pytest.mark.parametrize("body", [b"", b"nonsense", multipart(file=b"x")[:-8]])
async def test_a_form_that_breaks_off_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="not a readable form"):
        await Upload(MULTIPART, body or b"\r\n").read()


async def test_a_text_that_is_no_utf_8_is_refused_by_name() -> None:
    form = await Upload(MULTIPART, multipart(name=b"\xff")).read()
    with pytest.raises(ProtocolError, match="name: is not UTF-8"):
        form.texts()


# Forms that cannot hold a file


async def test_texts_may_come_in_a_form_without_files() -> None:
    form = await Upload(URL_ENCODED, b"name=Ann+%26+Bob&desc=%E4%BD%A0&empty=").read()
    assert (form.texts(), form.has_file) == ({"name": "Ann & Bob", "desc": "你"}, False)


async def test_a_form_without_files_has_a_limit_of_its_own_and_is_read_no_further() -> None:
    form = await Upload(URL_ENCODED, b"a=" + b"x" * (FORM_BYTES - 2)).read()
    assert len(form.texts()["a"]) == FORM_BYTES - 2
    endless = Upload(URL_ENCODED, b"a&" * 5_000_000, arrives=10_000)
    with pytest.raises(ProtocolError, match=f"at most {FORM_BYTES} bytes"):
        await endless.read()
    assert endless.received <= FORM_BYTES + 10_000


@pytest.mark.parametrize("body", [b"a=b&" * 101, b"a=%ff", b"a=\xff"])
async def test_a_form_without_files_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="not a readable form"):
        await Upload(URL_ENCODED, body).read()


async def test_a_body_that_is_no_form_has_no_parts() -> None:
    form = await Upload("application/json", b'{"file": "a"}').read()
    with pytest.raises(ProtocolError, match="multipart/form-data with the part file"):
        form.file(most_bytes=1)
