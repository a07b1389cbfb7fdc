"""Request bodies and queries about bots (rest.md 5), and the profile built from them."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from kouyu.domain.configuration import LONGEST_PROLOGUE
from kouyu.domain.errors import BAD_REQUEST, ProtocolError
from kouyu.domain.text_ranges import LONGEST_ID
from kouyu.server.rest.ids import Id, OptionalId
from kouyu.server.rest.paging import PageNumber, PageSize
from kouyu.store.bots import BotModel, BotProfile, BotTools, ResponseFormat

MOST_PLUGINS: Final = 256
"""Most tools that a client may list for one bot."""

PublishStatus = Literal["all", "published_online", "published_draft", "unpublished_draft"]

Text = Annotated[str, Meta(max_length=10_000)]


class PromptInfo(Struct, frozen=True):
    """The bot's prompt."""

    prompt: Annotated[str, Meta(max_length=100_000, description="A Jinja2 template over the user's variables.")] = ""


class OnboardingInfo(Struct, frozen=True):
    """The bot's opening. Fields left out keep their value."""

    prologue: (
        Annotated[str, Meta(max_length=LONGEST_PROLOGUE, description="What it says first, as `prologue_content`.")]
        | None
    ) = None
    suggested_questions: Annotated[tuple[Text, ...], Meta(max_length=20)] | None = None


class ModelInfoConfig(Struct, frozen=True, kw_only=True):
    """The model, and its sampling. Fields left out keep their value."""

    model_id: Annotated[
        str, Meta(max_length=LONGEST_ID, description="A bot of the server's settings, whose model is used.")
    ] = ""
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    presence_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    context_round: Annotated[int, Meta(ge=0, le=100, description="Earlier questions in its context.")] | None = None
    response_format: (
        Annotated[
            ResponseFormat, Meta(description="json: the model answers with a JSON object; the prompt must say so too.")
        ]
        | None
    ) = None


class PluginId(Struct, frozen=True):
    """A tool on an MCP server of the settings."""

    plugin_id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID, description="The MCP server's name.")]
    api_id: Annotated[str, Meta(max_length=LONGEST_ID, description="The tool's name; empty: all of the server's.")] = ""


class PluginIdList(Struct, frozen=True):
    """The bot's tools; replaces the earlier list."""

    id_list: Annotated[tuple[PluginId, ...], Meta(max_length=MOST_PLUGINS)] = ()


class VoiceInfo(Struct, frozen=True):
    """The bot's voice."""

    voice_id: OptionalId
    language_code: OptionalId = ""


class SuggestReplyInfo(Struct, frozen=True):
    """Whether questions are suggested after each answer."""

    reply_mode: Literal["disable", "enable", "customized"] = "disable"
    customized_prompt: Annotated[str, Meta(max_length=10_000, description="How to suggest them; for `customized`.")] = (
        ""
    )


class WorkflowIdList(Struct, frozen=True):
    """Bots have no workflows."""

    ids: Annotated[tuple[Any, ...], Meta(max_length=0)] = ()


class Knowledge(Struct, frozen=True):
    """Bots have no knowledge."""

    dataset_ids: Annotated[tuple[Any, ...], Meta(max_length=0)] = ()


class BotBody(Struct, frozen=True, kw_only=True):
    """A bot as clients write it. Fields left out keep their value, or are empty in a new bot."""

    name: Annotated[str, Meta(max_length=100)] = ""
    description: Text | None = None
    icon_file_id: (
        Annotated[str, Meta(max_length=LONGEST_ID, description="An uploaded PNG, JPEG, GIF or WebP picture.")] | None
    ) = None
    prompt_info: PromptInfo | None = None
    onboarding_info: OnboardingInfo | None = None
    model_info_config: ModelInfoConfig | None = None
    plugin_id_list: PluginIdList | None = None
    voice_info_list: Annotated[tuple[VoiceInfo, ...], Meta(max_length=1)] | None = None
    suggest_reply_info: SuggestReplyInfo | None = None
    workflow_id_list: WorkflowIdList | None = None
    knowledge: Knowledge | None = None

    def over(self, before: BotProfile) -> BotProfile:
        """Return the profile with these changes. Raises ProtocolError."""
        start = self.onboarding_info or OnboardingInfo()
        changes: dict[str, Any] = {
            "name": self.name or before.name,
            "description": self.description,
            "icon_file_id": self.icon_file_id,
            "prompt": self.prompt_info.prompt if self.prompt_info else None,
            "prologue": start.prologue,
            "suggested_questions": start.suggested_questions,
            "model": _model_over(before.model, self.model_info_config) if self.model_info_config else None,
            "tools": _tools(self.plugin_id_list.id_list) if self.plugin_id_list else None,
            **(_follow_up(self.suggest_reply_info) if self.suggest_reply_info else {}),
            "voice_id": next((voice.voice_id for voice in self.voice_info_list), "")
            if self.voice_info_list is not None
            else None,
        }
        changes = {name: value for name, value in changes.items() if value is not None}
        profile = msgspec.structs.replace(before, **changes)
        if not profile.name:
            raise ProtocolError(BAD_REQUEST, "name: is missing")
        return profile


class CreateBot(BotBody, frozen=True, kw_only=True):
    """A new bot."""

    space_id: OptionalId = ""


class UpdateBot(BotBody, frozen=True, kw_only=True):
    """Changes of a bot's draft."""

    bot_id: Id


class PublishBot(Struct, frozen=True, kw_only=True):
    """Publish the bot's draft."""

    bot_id: Id
    connector_ids: Annotated[
        tuple[OptionalId, ...], Meta(max_length=100, description="There is one channel, whatever is named.")
    ] = ()


class UnpublishBot(Struct, frozen=True, kw_only=True):
    """Unpublish the bot."""

    connector_id: Annotated[OptionalId, Meta(description="There is one channel, whatever is named.")] = ""
    unpublish_reason: Annotated[str, Meta(max_length=1024)] = ""


class WhichBot(Struct, frozen=True, kw_only=True):
    """A published bot."""

    bot_id: Id


class WhichVersion(Struct, frozen=True, kw_only=True):
    """The published bot, or its draft."""

    is_published: bool = True


class PublishedBotsQuery(Struct, frozen=True, kw_only=True):
    """A page of the published bots."""

    space_id: OptionalId = ""
    page_index: PageNumber = 1
    page_size: PageSize = 20


class BotsQuery(Struct, frozen=True, kw_only=True):
    """A page of the bots. SDKs name the page number differently."""

    workspace_id: OptionalId = ""
    publish_status: PublishStatus = "published_online"
    connector_id: Annotated[OptionalId, Meta(description="There is one channel, whatever is named.")] = ""
    page_num: PageNumber | None = None
    page_index: PageNumber | None = None
    page_size: PageSize = 20


def _model_over(before: BotModel, given: ModelInfoConfig) -> BotModel:
    said = {name: getattr(given, name) for name in BotModel.__struct_fields__}
    return msgspec.structs.replace(before, **{name: value for name, value in said.items() if value not in (None, "")})


def _follow_up(given: SuggestReplyInfo) -> dict[str, Any]:
    customized = given.reply_mode == "customized"
    return {
        "follow_up": given.reply_mode != "disable",
        "follow_up_prompt": given.customized_prompt if customized else "",
    }


def _tools(given: tuple[PluginId, ...]) -> tuple[BotTools, ...]:
    """One entry for each MCP server. A server listed without a tool allows all of its tools."""
    named: dict[str, list[str]] = {}
    for plugin in given:
        named.setdefault(plugin.plugin_id, []).append(plugin.api_id)
    return tuple(BotTools(server, () if "" in tools else tuple(tools)) for server, tools in named.items())
