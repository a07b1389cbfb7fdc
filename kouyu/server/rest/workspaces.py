"""The one workspace, and the user of a token (rest.md 5)."""

from typing import Any, Final, Literal

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard
from msgspec import Struct

from kouyu.domain.errors import InvalidField
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.paging import Page
from kouyu.server.rest.typed import typed_query
from kouyu.store.token_records import TokenRecord

WORKSPACE_ID: Final = "1"
"""Id of the only workspace: the whole server."""


class Workspace(Struct, frozen=True):
    """A workspace of bots. There is one, and every token has full access to it."""

    id: str = WORKSPACE_ID
    name: str = "kouyu"
    icon_url: str = ""
    role_type: Literal["owner", "admin", "member"] = "owner"
    workspace_type: Literal["personal", "team"] = "personal"
    enterprise_id: str = ""


class Workspaces(Struct, frozen=True):
    """A page of workspaces."""

    workspaces: tuple[Workspace, ...]
    total_count: int


class User(Struct, frozen=True):
    """The user of a token: id and name are the token's own."""

    user_id: str
    user_name: str
    nick_name: str
    avatar_url: str = ""


def workspace_routes(guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers of workspaces and users."""

    @get("/v1/workspaces", guards=[guard], opt=described("The one workspace", "Users", query=Page, data=Workspaces))
    async def listed(request: Request[Any, Any, Any]) -> Response[bytes]:
        page = typed_query(request, Page).of((Workspace(),))
        return answer_success(request, Workspaces(page, 1))

    @get("/v1/users/me", guards=[guard], opt=described("The user of the token", "Users", data=User))
    async def me(request: Request[Any, Any, Any]) -> Response[bytes]:
        user: TokenRecord = request.user
        return answer_success(request, User(user.id, user.name, user.name))

    return [listed, me]


def check_workspace(field: str, workspace_id: str) -> None:
    """Raises InvalidField for an unknown workspace; "" means the only one."""
    if workspace_id not in ("", WORKSPACE_ID):
        raise InvalidField(field, workspace_id, f'"{WORKSPACE_ID}", the one workspace of this server')
