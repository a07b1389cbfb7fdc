"""``/v1/files``: pictures and documents for messages (rest.md 5)."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.domain.errors import UnknownId
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.uploads import FORM_BYTES, FileForm, read_form
from kouyu.store.files import FileRecord
from kouyu.store.store import Store


class WhichFile(msgspec.Struct, frozen=True):
    """A file."""

    file_id: str


class ShownFile(msgspec.Struct, frozen=True):
    """A file that was uploaded."""

    id: str
    bytes: int
    created_at: int
    file_name: str


def file_routes(store: Store, guard: Guard, max_bytes: int) -> list[HTTPRouteHandler]:
    """The route handlers; ``max_bytes`` limits a file's size."""

    @post(
        "/v1/files/upload",
        guards=[guard],
        request_max_body_size=max_bytes + FORM_BYTES,
        opt=described("Keep a file", "Files", form=FileForm, data=ShownFile),
    )
    async def upload(request: Request[Any, Any, Any]) -> Response[bytes]:
        name, content = (await read_form(request)).file(most_bytes=max_bytes)
        return answer_success(request, _shown(await store.of(request.user.owner).files.add(name, content)))

    @get(
        "/v1/files/retrieve",
        guards=[guard],
        opt=described("A file's name, size and time", "Files", query=WhichFile, data=ShownFile),
    )
    async def retrieve(request: Request[Any, Any, Any]) -> Response[bytes]:
        file_id = request.query_params.get("file_id", "")
        record = await store.of(request.user.owner).files.get(file_id)
        if record is None:
            raise UnknownId("file", file_id)
        return answer_success(request, _shown(record))

    return [upload, retrieve]


def _shown(record: FileRecord) -> ShownFile:
    return ShownFile(record.id, record.bytes, record.created_at, record.name)
