"""``/v1/files``: pictures and documents for messages (rest.md 5)."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.protocol import errors
from kouyu.protocol.errors import ProtocolError
from kouyu.server.rest.answers import answer_success
from kouyu.store.files import FileRecord, Files

_FORM_BYTES: Final = 64 * 1024
"""What a form adds to the file in it."""
_LONGEST_NAME: Final = 255


class _File(msgspec.Struct, frozen=True):
    id: str
    bytes: int
    created_at: int
    file_name: str


def file_routes(files: Files, guard: Guard, max_bytes: int) -> list[HTTPRouteHandler]:
    """The route handlers; a file may have ``max_bytes``."""

    @post("/v1/files/upload", guards=[guard], request_max_body_size=max_bytes + _FORM_BYTES)
    async def upload(request: Request[Any, Any, Any]) -> Response[bytes]:
        name, content = await _file_of(request)
        if not content:
            raise ProtocolError(errors.FILE_EMPTY, "the file is empty")
        if len(content) > max_bytes:
            raise ProtocolError(errors.FILE_TOO_LARGE, f"the file is larger than {max_bytes} bytes")
        return answer_success(request, _shown(await files.add(name, content)))

    @get("/v1/files/retrieve", guards=[guard])
    async def retrieve(request: Request[Any, Any, Any]) -> Response[bytes]:
        file_id = request.query_params.get("file_id", "")
        record = await files.get(file_id)
        if record is None:
            raise ProtocolError(errors.NOT_FOUND, f"there is no file {file_id[:100]!r}")
        return answer_success(request, _shown(record))

    return [upload, retrieve]


async def _file_of(request: Request[Any, Any, Any]) -> tuple[str, bytes]:
    """Name and content of the part ``file``. A part without a file name is a text to the framework."""
    form = await request.form()
    parts = form.getall("file", [])
    if len(parts) > 1:
        raise ProtocolError(errors.ONE_FILE_AT_A_TIME, "one file at a time")
    match parts:
        case [UploadFile() as file]:
            return (file.filename or "upload")[:_LONGEST_NAME], await file.read()
        case [str() as text]:
            return "upload", text.encode()
        case _:
            raise ProtocolError(errors.FILE_REFUSED, "a multipart/form-data body with the part file is needed")


def _shown(record: FileRecord) -> _File:
    return _File(record.id, record.bytes, record.created_at, record.name)
