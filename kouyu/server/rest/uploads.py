"""Files that come in a multipart form. Parts are read by name, never by order (rest.md 1.3)."""

from dataclasses import dataclass
from typing import Any, Final

from litestar import Request
from msgspec import Struct
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from kouyu.protocol import errors
from kouyu.protocol.errors import ProtocolError

FORM_BYTES: Final = 64 * 1024
"""What a form adds to the file in it."""
_LONGEST_NAME: Final = 255
_MOST_PARTS: Final = 100


class FileForm(Struct, frozen=True):
    """A file in a form."""

    file: bytes


async def uploaded_file(request: Request[Any, Any, Any], *, most_bytes: int) -> tuple[str, bytes]:
    """Name and content of the part ``file``, which must be there, hold something, and have ``most_bytes`` at most.

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
    """The form's parts that are texts, without the empty ones. Raises ProtocolError."""
    texts = {part.name: part.text() for part in await _parts(request) if part.file_name is None and part.name != "file"}
    return {name: text for name, text in texts.items() if text}


async def _file_of(request: Request[Any, Any, Any]) -> tuple[str, bytes]:
    match [part for part in await _parts(request) if part.name == "file"]:
        case [file]:
            return (file.file_name or "upload")[:_LONGEST_NAME], file.content
        case []:
            raise ProtocolError(errors.FILE_REFUSED, "a multipart/form-data body with the part file is needed")
        case _:
            raise ProtocolError(errors.ONE_FILE_AT_A_TIME, "one file at a time")


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    file_name: str | None
    """None where the client says nothing of one; that makes it a text."""
    content: bytes

    def text(self) -> str:
        """Raises ProtocolError."""
        try:
            return self.content.decode()
        except UnicodeDecodeError as fault:
            raise ProtocolError(errors.BAD_REQUEST, f"{self.name}: is not UTF-8") from fault


async def _parts(request: Request[Any, Any, Any]) -> list[_Part]:
    """The parts of the form. Raises ProtocolError.

    Not by the framework's parser: coze-go sends a file that has no name with an empty one, and the framework takes
    that for a text.
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
