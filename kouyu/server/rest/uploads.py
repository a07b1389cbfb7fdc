"""Files that come in a multipart form. Parts are read by name, never by order (rest.md 1.3)."""

from typing import Any, Final

from litestar import Request
from litestar.datastructures import UploadFile
from msgspec import Struct

from kouyu.protocol import errors
from kouyu.protocol.errors import ProtocolError

FORM_BYTES: Final = 64 * 1024
"""What a form adds to the file in it."""
_LONGEST_NAME: Final = 255


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


async def _file_of(request: Request[Any, Any, Any]) -> tuple[str, bytes]:
    form = await request.form()
    match form.getall("file", []):
        case [UploadFile() as file]:
            return (file.filename or "upload")[:_LONGEST_NAME], await file.read()
        case [str() as text]:  # what a part without a file name is to the framework
            return "upload", text.encode()
        case []:
            raise ProtocolError(errors.FILE_REFUSED, "a multipart/form-data body with the part file is needed")
        case _:
            raise ProtocolError(errors.ONE_FILE_AT_A_TIME, "one file at a time")


async def form_texts(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The form's parts that are texts, without the empty ones."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str) and value and name != "file"}
