"""Reads forms, with and without files. Parts are found by name, never by order (rest.md 1.3)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError

FORM_BYTES: Final = 64 * 1024
"""Most bytes that a form adds to the file in it, and most bytes of a form that cannot hold a file."""
STEP_BYTES: Final = 64 * 1024
"""Bytes of a form that are parsed before other tasks run again: about 0.2 ms."""
_LONGEST_NAME: Final = 255
_MOST_PARTS: Final = 100


class FileForm(msgspec.Struct, frozen=True):
    """A file in a form."""

    file: bytes


class _Part(msgspec.Struct, frozen=True):
    name: str
    file_name: str | None
    """None if the part has none; it is text then."""
    content: bytes

    def text(self) -> str:
        """The content as text. Raises ProtocolError if it is not UTF-8."""
        try:
            return self.content.decode()
        except UnicodeDecodeError as fault:
            raise ProtocolError(errors.BAD_REQUEST, f"{self.name}: is not UTF-8") from fault


class Form(msgspec.Struct, frozen=True):
    """The parts of a form."""

    parts: tuple[_Part, ...]

    def texts(self) -> dict[str, str]:
        """The text parts, without empty ones. Raises ProtocolError."""
        texts = {part.name: part.text() for part in self.parts if part.file_name is None and part.name != "file"}
        return {name: text for name, text in texts.items() if text}

    @property
    def has_file(self) -> bool:
        """Whether there is a part ``file``."""
        return any(part.name == "file" for part in self.parts)

    def file(self, *, most_bytes: int) -> tuple[str, bytes]:
        """Return name and content of the part ``file``, which must exist and hold 1 to ``most_bytes`` bytes.

        Raises ProtocolError.
        """
        match [part for part in self.parts if part.name == "file"]:
            case [_Part(content=b"")]:
                raise ProtocolError(errors.FILE_EMPTY, "the file is empty")
            case [file] if len(file.content) > most_bytes:
                raise ProtocolError(errors.FILE_TOO_LARGE, f"the file is larger than {most_bytes} bytes")
            case [file]:
                return (file.file_name or "upload")[:_LONGEST_NAME], file.content
            case []:
                raise ProtocolError(errors.FILE_REFUSED, "the body must be multipart/form-data with the part file")
            case _:
                raise ProtocolError(errors.ONE_FILE_AT_A_TIME, "one file at a time")


async def read_form(request: Request[Any, Any, Any]) -> Form:
    """Read a form while it arrives, once. A body that is no form has no parts. Raises ProtocolError."""
    kind, options = request.content_type
    match kind:
        case "multipart/form-data":
            return Form(tuple(await _multipart(request, options.get("boundary", ""))))
        case "application/x-www-form-urlencoded":
            return Form(tuple(await _url_encoded(request)))
        case _:
            return Form(())


async def _multipart(request: Request[Any, Any, Any], boundary: str) -> list[_Part]:
    """Parse the parts of a form with files.

    The framework's parser would not do: coze-go sends an unnamed file with an empty name, and the framework takes that
    part for text.
    """
    parts: list[_Part] = []
    content: list[bytes] = []
    try:
        with PushMultipartParser(boundary, max_segment_count=_MOST_PARTS) as parser:
            async for step in _steps(request):
                for piece in parser.parse(step):
                    match piece:
                        case MultipartSegment():
                            head, content = piece, []
                        case None:
                            parts.append(_Part(head.name, head.filename, b"".join(content)))
                        case _:
                            content.append(piece)
    except MultipartError as fault:
        raise ProtocolError(errors.BAD_REQUEST, f"the body is not a readable form: {fault}") from fault
    return parts


async def _url_encoded(request: Request[Any, Any, Any]) -> list[_Part]:
    """Parse a form without files; the framework's parser takes seconds for one as large as a file may be."""
    body = bytearray()
    async for step in _steps(request):
        body += step
        if len(body) > FORM_BYTES:
            raise ProtocolError(
                errors.BAD_REQUEST, f"a form that is not multipart/form-data has at most {FORM_BYTES} bytes"
            )
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARTS)
    except ValueError as fault:
        raise ProtocolError(errors.BAD_REQUEST, f"the body is not a readable form: {fault}") from fault
    return [_Part(name, None, text.encode()) for name, text in fields]


async def _steps(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """The body in pieces of STEP_BYTES at most. Other tasks run between two of them."""
    async for arrived in request.stream():
        for start in range(0, len(arrived), STEP_BYTES):
            yield arrived[start : start + STEP_BYTES]
            await asyncio.sleep(0)
