"""``/v1/kouyu/user``: everything of one user, exported or deleted by an administrator (docs/guides/operate.md)."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from typing import IO, Annotated, Any, Final

from litestar import Request, Response, delete, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from litestar.types import Guard
from msgspec import Meta, Struct

from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.typed import typed_query
from kouyu.store.audit import actor_of
from kouyu.store.data_counts import DataCounts
from kouyu.store.personal_archive import write_archive
from kouyu.store.store import Store

_PIECE: Final = 64 * 1024


class WhichUser(Struct, frozen=True, kw_only=True):
    """A user of an owner's clients."""

    user_id: Annotated[str, Meta(min_length=1, max_length=512)]
    owner: Annotated[str, Meta(max_length=200, description="Whose user; empty: of the token's own owner.")] = ""


def user_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers, for administrators."""

    @get(
        "/v1/kouyu/user",
        guards=[guard],
        opt=described("Everything of a user, as a ZIP archive", "kouyu", query=WhichUser, answer="archive"),
    )
    async def export(request: Request[Any, Any, Any]) -> Stream:
        wanted = typed_query(request, WhichUser)
        owned = store.of(wanted.owner or request.user.owner)
        file = await asyncio.to_thread(tempfile.TemporaryFile)
        try:
            exported = await write_archive(owned, wanted.user_id, file)
            actor = actor_of(request.user)
            await store.audit.note(actor, "user.exported", wanted.user_id, owner=owned.owner, detail=str(exported))
        except BaseException:
            file.close()
            raise
        headers = {"Content-Disposition": 'attachment; filename="user.zip"', "Cache-Control": "private, no-store"}
        return Stream(_pieces(file), media_type="application/zip", headers=headers)

    @delete(
        "/v1/kouyu/user",
        guards=[guard],
        status_code=200,
        opt=described("Delete everything of a user, permanently", "kouyu", query=WhichUser, data=DataCounts),
    )
    async def remove(request: Request[Any, Any, Any]) -> Response[bytes]:
        wanted = typed_query(request, WhichUser)
        owner = wanted.owner or request.user.owner
        deleted = await store.delete_user(owner, wanted.user_id)
        actor = actor_of(request.user)
        await store.audit.note(actor, "user.deleted", wanted.user_id, owner=owner, detail=str(deleted))
        return answer_success(request, deleted)

    return [export, remove]


async def _pieces(file: IO[bytes]) -> AsyncGenerator[bytes, None]:
    with file:
        file.seek(0)
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
