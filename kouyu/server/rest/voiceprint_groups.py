"""``/v1/audio/voiceprint_groups``: groups of speakers with enrolled voiceprints (rest.md 2.5)."""

from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Guard

from kouyu.domain.errors import ProtocolError, UnknownId
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.typed import typed_body, typed_query
from kouyu.server.rest.voiceprint_shape import ChangedGroup, Groups, GroupsQuery, Made, NewGroup, shown_group
from kouyu.store.errors import UnknownVoiceprintGroup
from kouyu.store.store import Store
from kouyu.store.voiceprints import GroupFilter

PATH = "/v1/audio/voiceprint_groups"
ONE = f"{PATH}/{{group_id:str}}"


def voiceprint_group_routes(store: Store, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers."""

    @post(
        PATH,
        guards=[guard],
        status_code=200,
        opt=described("Create a group of speakers", "Voiceprints", body=NewGroup, data=Made),
    )
    async def create(request: Request[Any, Any, Any]) -> Response[bytes]:
        given = await typed_body(request, NewGroup)
        made = await store.of(request.user.owner).voiceprints.create_group(
            given.name, creator_id=request.user.id, description=given.desc, account_id=given.coze_account_id
        )
        return answer_success(request, Made(made))

    @get(PATH, guards=[guard], opt=described("The groups", "Voiceprints", query=GroupsQuery, data=Groups))
    async def listed(request: Request[Any, Any, Any]) -> Response[bytes]:
        asked = typed_query(request, GroupsQuery)
        wanted = GroupFilter(
            name=asked.name, group_id=asked.group_id, creator_id=asked.user_id, account_id=asked.coze_account_id
        )
        offset = (asked.page_num - 1) * asked.page_size
        found, total = await store.of(request.user.owner).voiceprints.groups(
            wanted, offset=offset, limit=asked.page_size
        )
        names = await token_names(store, request.user.owner)
        return answer_success(request, Groups(tuple(shown_group(each, names) for each in found), total))

    @put(ONE, guards=[guard], opt=described("Change a group's name", "Voiceprints", body=ChangedGroup))
    async def change(request: Request[Any, Any, Any], group_id: FromPath[str]) -> Response[bytes]:
        given = await typed_body(request, ChangedGroup)
        try:
            await store.of(request.user.owner).voiceprints.change_group(
                group_id, name=given.name or None, description=given.desc or None
            )
        except UnknownVoiceprintGroup as fault:
            raise no_group(group_id) from fault
        return answer_success(request, {})

    @delete(
        ONE,
        guards=[guard],
        status_code=200,
        opt=described("Delete a group and its speakers permanently", "Voiceprints"),
    )
    async def remove(request: Request[Any, Any, Any], group_id: FromPath[str]) -> Response[bytes]:
        try:
            await store.of(request.user.owner).voiceprints.delete_group(group_id)
        except UnknownVoiceprintGroup as fault:
            raise no_group(group_id) from fault
        return answer_success(request, {})

    return [create, listed, change, remove]


async def token_names(store: Store, owner: str) -> dict[str, str]:
    """The names of an owner's access tokens by id."""
    return {token.id: token.name for token in await store.tokens.list() if token.owner == owner}


def no_group(group_id: str) -> ProtocolError:
    """The error for a group that does not exist."""
    return UnknownId("voiceprint group", group_id)
