"""Bots as the SDKs read them (rest.md 5). A part that a bot lacks is left out, not sent incomplete."""

from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from kouyu.assembly.bot_directory import BotDirectory
from kouyu.store.bots import BotProfile, BotRecord, ResponseFormat

SINGLE_AGENT: Final = 0


class ShownPrompt(Struct, frozen=True):
    """A Jinja2 template over the user's variables."""

    prompt: str


class ShownOnboarding(Struct, frozen=True):
    """The bot's opening."""

    prologue: str
    suggested_questions: tuple[str, ...]


class ShownModel(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The model, and the sampling parameters set for the bot."""

    model_id: str
    model_name: str
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_format: ResponseFormat | None = None
    context_round: int | None = None


class ShownTool(Struct, frozen=True):
    """A tool on an MCP server."""

    api_id: str
    name: str
    description: str


class ShownPlugin(Struct, frozen=True, kw_only=True):
    """An MCP server, with those of its tools that the bot has."""

    plugin_id: str
    name: str
    description: str = ""
    icon_url: str = ""
    api_info_list: tuple[ShownTool, ...]


class ShownSuggestReply(Struct, frozen=True):
    """Whether questions are suggested after each answer."""

    reply_mode: Literal["disable", "enable", "customized"]
    customized_prompt: str


class ShownVariable(Struct, frozen=True, kw_only=True):
    """A variable with the bot's default."""

    keyword: str
    default_value: str
    variable_type: Literal["KVVariable"] = "KVVariable"
    channel: Literal["custom"] = "custom"
    description: str = ""
    enable: bool = True
    prompt_enable: bool = True


class BotVoice(Struct, frozen=True):
    """The bot's own voice."""

    voice_id: str
    language_code: str


class Bot(Struct, frozen=True, kw_only=True):
    """A bot. Times are Unix seconds; bots of the settings have none, and version "0"."""

    bot_id: str
    name: str
    description: str
    icon_url: str
    create_time: int
    update_time: int
    version: str
    owner_user_id: str
    prompt_info: ShownPrompt
    onboarding_info: ShownOnboarding
    suggest_reply_info: ShownSuggestReply
    bot_mode: Literal[0] = SINGLE_AGENT
    model_info: ShownModel | UnsetType = UNSET
    plugin_info_list: tuple[ShownPlugin, ...]
    variables: tuple[ShownVariable, ...]
    voice_info_list: tuple[BotVoice, ...]
    default_user_input_type: Literal["call"] = "call"


class ListedBot(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A bot of a list. Only published ones have ``published_at``."""

    id: str
    name: str
    description: str
    icon_url: str
    is_published: bool
    updated_at: int
    owner_user_id: str
    published_at: int | None = None


class BotList(Struct, frozen=True):
    """A page of bots; ``total`` counts those of all pages."""

    items: tuple[ListedBot, ...]
    total: int


class PublishedBot(Struct, frozen=True):
    """A bot of the older list. ``publish_time`` is a string of digits."""

    bot_id: str
    bot_name: str
    description: str
    icon_url: str
    publish_time: str


class PublishedBotList(Struct, frozen=True):
    """A page of published bots; ``total`` counts those of all pages."""

    space_bots: tuple[PublishedBot, ...]
    total: int


class NewBot(Struct, frozen=True):
    """The id of a bot that was made."""

    bot_id: str


class NewVersion(Struct, frozen=True):
    """The published version."""

    bot_id: str
    version: str


def shown_bot(record: BotRecord, profile: BotProfile, directory: BotDirectory, icon_url: str) -> Bot:
    """One version of a bot, ``profile``."""
    settled = directory.settled.definitions.get(record.id)
    voices = (BotVoice(profile.voice_id, ""),) if profile.voice_id else ()
    variables = settled.variables if settled else {}
    return Bot(
        bot_id=record.id,
        name=profile.name,
        description=profile.description,
        icon_url=icon_url,
        create_time=record.created_at,
        update_time=record.updated_at,
        version=str(record.version),
        owner_user_id=record.creator_id,
        prompt_info=ShownPrompt(profile.prompt),
        onboarding_info=ShownOnboarding(profile.prologue, profile.suggested_questions),
        suggest_reply_info=_suggest_reply(profile),
        model_info=_model(profile, directory),
        plugin_info_list=_plugins(profile, directory),
        variables=tuple(ShownVariable(keyword=name, default_value=value) for name, value in variables.items()),
        voice_info_list=voices,
    )


def listed_bot(record: BotRecord, profile: BotProfile, icon_url: str) -> ListedBot:
    """A bot as an entry of a list."""
    return ListedBot(
        id=record.id,
        name=profile.name,
        description=profile.description,
        icon_url=icon_url,
        is_published=record.published is not None,
        updated_at=record.updated_at,
        owner_user_id=record.creator_id,
        published_at=record.published_at,
    )


def published_bot(record: BotRecord, profile: BotProfile, icon_url: str) -> PublishedBot:
    """A bot as an entry of the older list."""
    return PublishedBot(record.id, profile.name, profile.description, icon_url, str(record.published_at or 0))


def _suggest_reply(profile: BotProfile) -> ShownSuggestReply:
    if not profile.follow_up:
        return ShownSuggestReply("disable", "")
    return ShownSuggestReply("customized" if profile.follow_up_prompt else "enable", profile.follow_up_prompt)


def _model(profile: BotProfile, directory: BotDirectory) -> ShownModel | UnsetType:
    """The model, named only if clients can choose it: a bot on a Coze server has its own."""
    model_id = profile.model.model_id or next(iter(directory.model_ids), "")
    if model_id not in directory.settled.models:
        return UNSET
    said = {name: getattr(profile.model, name) for name in ShownModel.__struct_fields__[2:]}
    return ShownModel(
        model_id=model_id, model_name=directory.settled.models[model_id].current.now.endpoint.model, **said
    )


def _plugins(profile: BotProfile, directory: BotDirectory) -> tuple[ShownPlugin, ...]:
    return tuple(
        ShownPlugin(
            plugin_id=chosen.server,
            name=chosen.server,
            api_info_list=tuple(
                ShownTool(tool.name, tool.name, tool.description)
                for tool in directory.tool_servers[chosen.server].tools
                if not chosen.tools or tool.name in chosen.tools
            ),
        )
        for chosen in profile.tools
        if chosen.server in directory.tool_servers
    )
