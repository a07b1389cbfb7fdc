"""Variables of each user of a bot or app (rest.md 5), for prompts and flows (``session.agent_request``)."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from litestar import Request, Response, get, put
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard
from msgspec import Meta, Struct

from kouyu.agents.bot_definition import BotDefinition
from kouyu.domain.errors import BAD_REQUEST, ProtocolError
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.ids import OptionalId
from kouyu.server.rest.typed import typed_body, typed_query
from kouyu.store.store import Store

_AT_ONCE: Final = 100
_LONGEST_KEYWORD: Final = 100
_LONGEST_KEYWORDS: Final = _AT_ONCE * (_LONGEST_KEYWORD + 1)
"""Characters of a list with commas."""

Keyword = Annotated[str, Meta(min_length=1, max_length=_LONGEST_KEYWORD)]


class WhoseVariables(Struct, frozen=True, kw_only=True):
    """A user of a bot or of an app."""

    connector_uid: Annotated[
        str,
        Meta(max_length=500, description="The user: `user_id` of their conversations. Empty: users without an id."),
    ] = ""
    bot_id: OptionalId = ""
    app_id: OptionalId = ""
    connector_id: Annotated[OptionalId, Meta(description="All channels share their variables.")] = ""

    @property
    def of_id(self) -> str:
        """Id of the bot or app. Raises ProtocolError if neither is given."""
        if not (self.bot_id or self.app_id):
            raise ProtocolError(BAD_REQUEST, "bot_id or app_id: is missing")
        return self.bot_id or self.app_id


class WantedVariables(WhoseVariables, frozen=True, kw_only=True):
    """The variables to return."""

    keywords: Annotated[
        str, Meta(max_length=_LONGEST_KEYWORDS, description="Names with commas between them; empty: all.")
    ] = ""


class GivenVariable(Struct, frozen=True):
    """A value to save."""

    keyword: Keyword
    value: Annotated[str, Meta(max_length=10_000)]


class GivenVariables(WhoseVariables, frozen=True, kw_only=True):
    """Values to save, all or none."""

    data: Annotated[tuple[GivenVariable, ...], Meta(min_length=1, max_length=_AT_ONCE)]


class Variable(Struct, frozen=True):
    """A saved value, or a bot's default. Times are Unix seconds, 0 for a default."""

    keyword: str
    value: str
    create_time: int
    update_time: int


class VariableList(Struct, frozen=True):
    """Variables by name."""

    items: tuple[Variable, ...]


def variable_routes(
    store: Store, bots_of: Callable[[str], Mapping[str, BotDefinition]], guard: Guard
) -> list[HTTPRouteHandler]:
    """The route handlers; the bots of an owner give the defaults."""

    @get(
        "/v1/variables",
        guards=[guard],
        opt=described("A user's variables", "Users", query=WantedVariables, data=VariableList),
    )
    async def read(request: Request[Any, Any, Any]) -> Response[bytes]:
        wanted = typed_query(request, WantedVariables)
        keywords = [name for name in wanted.keywords.split(",") if name]
        kept = await store.of(request.user.owner).variables.list(wanted.of_id, wanted.connector_uid, keywords)
        found = {each.keyword: Variable(each.keyword, each.value, each.created_at, each.updated_at) for each in kept}
        bot = bots_of(request.user.owner).get(wanted.bot_id)
        for keyword, value in (bot.variables if bot else {}).items():
            if keyword in keywords or not keywords:
                found.setdefault(keyword, Variable(keyword, value, 0, 0))
        return answer_success(request, VariableList(tuple(found.values())))

    @put("/v1/variables", guards=[guard], opt=described("Set a user's variables", "Users", body=GivenVariables))
    async def write(request: Request[Any, Any, Any]) -> Response[bytes]:
        given = await typed_body(request, GivenVariables)
        values = {each.keyword: each.value for each in given.data}
        await store.of(request.user.owner).variables.set(given.of_id, given.connector_uid, values)
        return answer_success(request, {})

    return [read, write]
