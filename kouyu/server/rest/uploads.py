"""Reads files of multipart forms. Parts are found by name, never by order (rest.md 1.3)."""

from typing import Any, Final

import msgspec
from litestar import Request
from msgspec import Struct
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from kouyu.protocol import errors
from kouyu.protocol.errors import ProtocolError

FORM_BYTES: Final = 64 * 1024
"""Most bytes that a form adds to the file in it."""
_LONGEST_NAME: Final = 255
_MOST_PARTS: Final = 100


class FileForm(Struct, frozen=True):
    """A file in a form."""

    file: bytes


async def uploaded_file(request: Request[Any, Any, Any], *, most_bytes: int) -> tuple[str, bytes]:
    """Return name and content of the part ``file``, which must exist, not be empty, and hold ``most_bytes`` at most.

    Raises ProtocolError.
    """
    name, content = await _file_of(request)
    if not content:
        raise ProtocolError(errors.FILE_EMPTY, "the file is empty")
    if len(content) > most_bytes:
        raise ProtocolError(errors.FILE_TOO_LARGE, f"the file is larger than {most_bytes} bytes")
    return name, content


async def has_file(request: Request[Any, Any, Any]) -> bool:
    """Whether the form has a part ``file``. Raises ProtocolError."""
    return any(part.name == "file" for part in await _parts(request))


async def form_texts(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The form's text parts, without empty ones. Raises ProtocolError."""
    texts = {part.name: part.text() for part in await _parts(request) if part.file_name is None and part.name != "file"}
    return {name: text for name, text in texts.items() if text}


async def _file_of(request: Request[Any, Any, Any]) -> tuple[str, bytes]:
    match [part for part in await _parts(request) if part.name == "file"]:
        case [file]:
            return (file.file_name or "upload")[:_LONGEST_NAME], file.content
        case []:
            raise ProtocolError(errors.FILE_REFUSED, "the body must be multipart/form-data with the part file")
        case _:
            raise ProtocolError(errors.ONE_FILE_AT_A_TIME, "one file at a time")


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


async def _parts(request: Request[Any, Any, Any]) -> list[_Part]:
    """Parse the parts of the form. Raises ProtocolError.

    The framework's parser would not do: coze-go sends an unnamed file with an empty name, and the framework takes that
    part for text.
    """
    kind, options = request.content_type
    if kind != "multipart/form-data":
        return [_Part(name, None, str(text).encode()) for name, text in (await request.form()).multi_items()]
    parts: list[_Part] = []
    content = bytearray()
    try:
        with PushMultipartParser(options.get("boundary", ""), max_segment_count=_MOST_PARTS) as parser:
            for piece in parser.parse(await request.body()):
                match piece:
                    case MultipartSegment():
                        head, content = piece, bytearray()
                    case None:
                        parts.append(_Part(head.name, head.filename, bytes(content)))
                    case _:
                        content += piece
    except MultipartError as fault:
        raise ProtocolError(errors.BAD_REQUEST, f"the body is not a readable form: {fault}") from fault
    return parts
