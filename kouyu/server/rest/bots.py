"""Bots over REST (rest.md 5): those of the settings, which can only be read, and those that clients make."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Guard

from kouyu.assembly.bot_directory import BotDirectory
from kouyu.domain import errors
from kouyu.domain.errors import InvalidField, ProtocolError, UnknownId
from kouyu.server.access.rest_authentication import RestAuthenticator
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.bot_icons import check_icon, icon_url
from kouyu.server.rest.bot_requests import (
    BotsQuery,
    CreateBot,
    PublishBot,
    PublishedBotsQuery,
    PublishStatus,
    UnpublishBot,
    UpdateBot,
    WhichBot,
    WhichVersion,
)
from kouyu.server.rest.bot_shape import (
    Bot,
    BotList,
    NewBot,
    NewVersion,
    PublishedBotList,
    listed_bot,
    published_bot,
    shown_bot,
)
from kouyu.server.rest.paging import Page
from kouyu.server.rest.typed import typed_body, typed_query
from kouyu.server.rest.workspaces import check_workspace
from kouyu.store.audit import Action, actor_of
from kouyu.store.bots import BotProfile, BotRecord
from kouyu.store.store import Store
from kouyu.store.token_records import TokenRecord


def bot_routes(
    store: Store, directory: BotDirectory, voice_ids: Sequence[str], rest: RestAuthenticator
) -> list[HTTPRouteHandler]:
    """The route handlers. ``voice_ids``: those that a bot may have."""
    service = BotService(store, directory, voice_ids)
    return [*_reading_routes(service, rest.bots_or_text), *_writing_routes(service, rest.bots)]


class BotService:
    """Operations on bots: checks each change, saves it, and makes it available to sessions."""

    def __init__(self, store: Store, directory: BotDirectory, voice_ids: Collection[str]) -> None:
        self._store = store
        self._voice_ids = voice_ids
        self._changing = asyncio.Lock()
        self.directory = directory

    async def get(self, owner: str, bot_id: str) -> BotRecord:
        """Return the owner's bot with this id, or that of the settings. Raises ProtocolError if there is none."""
        settled = self.directory.settled.profiles.get(self._settled_id(bot_id))
        record = _settled_record(bot_id, settled) if settled else await self._store.of(owner).bots.get(bot_id)
        if record is None:
            raise UnknownId("bot", bot_id)
        return record

    async def list(self, owner: str, status: PublishStatus) -> list[tuple[BotRecord, BotProfile]]:
        """The owner's bots with a status, each in the matching version; those of the settings first."""
        settled = [_settled_record(*each) for each in self.directory.settled.profiles.items()]
        found: list[tuple[BotRecord, BotProfile]] = []
        for record in (*settled, *await self._store.of(owner).bots.list()):
            match status:
                case "all":
                    found.append((record, record.draft))
                case "published_online" if record.published is not None:
                    found.append((record, record.published))
                case "published_draft" if record.published is not None:
                    found.append((record, record.draft))
                case "unpublished_draft" if record.published is None:
                    found.append((record, record.draft))
        return found

    async def create(self, creator: TokenRecord, given: CreateBot) -> BotRecord:
        """Create a bot, not yet published. Raises ProtocolError."""
        profile = given.over(BotProfile(name=""))
        await self._check(creator.owner, profile)
        record = await self._store.of(creator.owner).bots.create(creator.id, profile)
        await self._note(creator, "bot.created", record.id)
        return record

    async def update(self, token: TokenRecord, given: UpdateBot) -> None:
        """Change a draft. Raises ProtocolError."""
        async with self._changing:
            record = await self._changeable(token.owner, given.bot_id)
            profile = given.over(record.draft)
            await self._check(token.owner, profile)
            await self._store.of(token.owner).bots.update(record.id, given.over)
            await self._note(token, "bot.changed", record.id)

    async def publish(self, token: TokenRecord, bot_id: str) -> BotRecord:
        """Publish the draft. Raises ProtocolError."""
        async with self._changing:
            record = await self._changeable(token.owner, bot_id)
            await self.directory.check(record.draft)  # a model or tool may have been removed from the settings since
            published = await self._store.of(token.owner).bots.publish(record.id)
            if published.published is not None:  # else another server has unpublished it meanwhile
                self.directory.put(published.id, published.published, token.owner)
            await self._store.notices.heard_by_all()
            await self._note(token, "bot.published", record.id)
            return published

    async def unpublish(self, token: TokenRecord, bot_id: str) -> None:
        """The bot answers no more. Raises ProtocolError."""
        async with self._changing:
            record = await self._changeable(token.owner, bot_id)
            await self._store.of(token.owner).bots.unpublish(record.id)
            self.directory.remove(record.id)
            await self._store.notices.heard_by_all()
            await self._note(token, "bot.unpublished", record.id)

    async def _note(self, token: TokenRecord, action: Action, bot_id: str) -> None:
        await self._store.audit.note(actor_of(token), action, bot_id, owner=token.owner)

    async def _changeable(self, owner: str, bot_id: str) -> BotRecord:
        record = await self.get(owner, bot_id)
        if self._settled_id(bot_id) in self.directory.settled.profiles:
            raise ProtocolError(
                errors.FORBIDDEN,
                f"the bot {bot_id!r} is defined in the server's kouyu.toml: change it there, or create a bot",
            )
        return record

    def _settled_id(self, bot_id: str) -> str:
        """The id in the settings of a bot that is asked for by it or by one of its aliases."""
        return self.directory.settled.aliases.get(bot_id, bot_id)

    async def _check(self, owner: str, profile: BotProfile) -> None:
        await self.directory.check(profile)
        if profile.voice_id and profile.voice_id not in self._voice_ids:
            raise InvalidField("voice_info_list[0].voice_id", profile.voice_id, ", ".join(self._voice_ids))
        await check_icon(self._store.of(owner).files, profile.icon_file_id)


def _settled_record(bot_id: str, profile: BotProfile) -> BotRecord:
    """The record of a bot of the settings: always published, at an unknown time."""
    return BotRecord(
        id=bot_id,
        creator_id="",
        draft=profile,
        published=profile,
        version=0,
        created_at=0,
        updated_at=0,
        published_at=0,
    )


def _reading_routes(service: BotService, guard: Guard) -> list[HTTPRouteHandler]:
    async def shown(request: Request[Any, Any, Any], bot_id: str, is_published: bool) -> Response[bytes]:
        record = await service.get(request.user.owner, bot_id)
        profile = record.published if is_published else record.draft
        if profile is None:
            raise ProtocolError(errors.NOT_PUBLISHED, f"the bot {bot_id!r} is not published")
        return answer_success(
            request, shown_bot(record, profile, service.directory, icon_url(request, record.id, profile))
        )

    @get("/v1/bots/{bot_id:str}", guards=[guard], opt=described("One bot", "Bots", query=WhichVersion, data=Bot))
    async def one(request: Request[Any, Any, Any], bot_id: FromPath[str]) -> Response[bytes]:
        return await shown(request, bot_id, typed_query(request, WhichVersion).is_published)

    @get(
        "/v1/bot/get_online_info", guards=[guard], opt=described("One published bot", "Bots", query=WhichBot, data=Bot)
    )
    async def one_published(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await shown(request, typed_query(request, WhichBot).bot_id, True)

    @get("/v1/bots", guards=[guard], opt=described("The bots", "Bots", query=BotsQuery, data=BotList))
    async def listed(request: Request[Any, Any, Any]) -> Response[bytes]:
        wanted = typed_query(request, BotsQuery)
        check_workspace("workspace_id", wanted.workspace_id)
        found = await service.list(request.user.owner, wanted.publish_status)
        number = wanted.page_num or wanted.page_index or 1
        page = Page(page_num=number, page_size=wanted.page_size).of(found)
        items = tuple(listed_bot(*each, icon_url(request, each[0].id, each[1])) for each in page)
        return answer_success(request, BotList(items, len(found)))

    @get(
        "/v1/space/published_bots_list",
        guards=[guard],
        opt=described("The published bots", "Bots", query=PublishedBotsQuery, data=PublishedBotList),
    )
    async def listed_published(request: Request[Any, Any, Any]) -> Response[bytes]:
        wanted = typed_query(request, PublishedBotsQuery)
        check_workspace("space_id", wanted.space_id)
        found = await service.list(request.user.owner, "published_online")
        page = Page(page_num=wanted.page_index, page_size=wanted.page_size).of(found)
        bots = tuple(published_bot(*each, icon_url(request, each[0].id, each[1])) for each in page)
        return answer_success(request, PublishedBotList(bots, len(found)))

    return [one, one_published, listed, listed_published]


def _writing_routes(service: BotService, guard: Guard) -> list[HTTPRouteHandler]:
    @post("/v1/bot/create", guards=[guard], opt=described("Make a bot", "Bots", body=CreateBot, data=NewBot))
    async def create(request: Request[Any, Any, Any]) -> Response[bytes]:
        given = await typed_body(request, CreateBot)
        check_workspace("space_id", given.space_id)
        record = await service.create(request.user, given)
        return answer_success(request, NewBot(record.id))

    @post("/v1/bot/update", guards=[guard], opt=described("Change a bot's draft", "Bots", body=UpdateBot))
    async def update(request: Request[Any, Any, Any]) -> Response[bytes]:
        await service.update(request.user, await typed_body(request, UpdateBot))
        return answer_success(request, {})

    @post(
        "/v1/bot/publish",
        guards=[guard],
        opt=described("Publish a bot's draft", "Bots", body=PublishBot, data=NewVersion),
    )
    async def publish(request: Request[Any, Any, Any]) -> Response[bytes]:
        record = await service.publish(request.user, (await typed_body(request, PublishBot)).bot_id)
        return answer_success(request, NewVersion(record.id, str(record.version)))

    @post(
        "/v1/bots/{bot_id:str}/unpublish",
        guards=[guard],
        opt=described("Unpublish a bot", "Bots", body=UnpublishBot),
    )
    async def unpublish(request: Request[Any, Any, Any], bot_id: FromPath[str]) -> Response[bytes]:
        await typed_body(request, UnpublishBot)
        await service.unpublish(request.user, bot_id)
        return answer_success(request, {})

    return [create, update, publish, unpublish]
