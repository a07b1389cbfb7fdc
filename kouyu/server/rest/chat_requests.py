"""Request bodies of text chats (rest.md 4), and the ChatRequest built from them."""

import re
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from kouyu.agents.agent import Agent
from kouyu.domain import errors
from kouyu.domain.configuration import ChatConfig
from kouyu.domain.errors import InvalidField
from kouyu.domain.object_ranges import AnyObject, Coordinates, VariableNames
from kouyu.domain.tool_calls import ToolOutput
from kouyu.protocol.coze.uplink import LONGEST_TOOL_OUTPUT, MOST_TOOL_OUTPUTS
from kouyu.server.rest.entered_messages import EnterMessage, Pairs, at_most, entered_messages, entered_pairs
from kouyu.server.rest.ids import Id, OptionalId
from kouyu.serving.caller import Caller
from kouyu.text_chats.chat_request import ChatRequest

_MOST_MESSAGES: Final = 100
_INVENTED_USER: Final = re.compile(r"(?=.{14,20}$)\d+\.\d+")
"""The user id that @coze/api invents for each chat if its caller gives none."""

Parameters = Annotated[dict[str, Any], Meta(description="Input of a flow; any JSON.")]
Messages = Annotated[
    tuple[EnterMessage, ...],
    Meta(description="At most 100; the last one is the question. If empty: the conversation's last message is."),
]


class CreateChat(Struct, frozen=True, kw_only=True):
    """A question to a bot. ``enable_card`` and ``connector_id`` are ignored."""

    bot_id: Id
    user_id: OptionalId = ""
    additional_messages: Messages = ()
    stream: bool = False
    custom_variables: Annotated[dict[str, Any], Meta(description="For the bot's prompt.")] = {}
    auto_save_history: Annotated[bool, Meta(description="False only with stream: nothing is saved.")] = True
    meta_data: Pairs = {}
    extra_params: Annotated[dict[str, str], Meta(description="latitude and longitude, as strings.")] = {}
    parameters: Parameters = {}
    shortcut_command: Annotated[dict[str, Any], Meta(description="Bots here have no shortcuts.")] = {}


class CreateWorkflowChat(Struct, frozen=True, kw_only=True):
    """A question to a flow. ``app_id`` is ignored."""

    workflow_id: Id
    additional_messages: Messages = ()
    parameters: Parameters = {}
    bot_id: Annotated[OptionalId, Meta(description="The bot under whose name the flow answers.")] = ""
    conversation_id: OptionalId = ""
    ext: Annotated[dict[str, str], Meta(description="user_id, latitude, longitude.")] = {}


class WhereToChat(Struct, frozen=True):
    """The conversation of a chat; without an id a new one."""

    conversation_id: OptionalId = ""


class GivenOutput(ToolOutput, frozen=True, kw_only=True):
    """The output of one tool of the client."""

    tool_call_id: Id
    output: Annotated[str, Meta(max_length=LONGEST_TOOL_OUTPUT)]


class GivenOutputs(Struct, frozen=True):
    """The outputs of the client's tools, one for each call."""

    tool_outputs: Annotated[tuple[GivenOutput, ...], Meta(max_length=MOST_TOOL_OUTPUTS)]
    stream: bool = False


def asked_of_bot(wanted: CreateChat, conversation_id: str, agent: Agent, caller: Caller) -> ChatRequest:
    """Build the request for a bot's agent. Raises InvalidField."""
    if wanted.shortcut_command:
        raise InvalidField("shortcut_command", wanted.shortcut_command, "nothing: bots here have no shortcuts")
    if not (wanted.auto_save_history or wanted.stream):
        raise InvalidField("auto_save_history", False, "true, unless the answer is streamed")
    config = ChatConfig(
        meta_data=entered_pairs(wanted.meta_data),
        custom_variables=VariableNames().check("custom_variables", wanted.custom_variables),
        extra_params=Coordinates().check("extra_params", wanted.extra_params),
        user_id=None if _INVENTED_USER.match(wanted.user_id) else wanted.user_id or None,
        conversation_id=conversation_id or None,
        auto_save_history=wanted.auto_save_history,
        parameters=AnyObject().check("parameters", wanted.parameters),
    )
    return _asked(agent, caller, wanted.bot_id, config, wanted.additional_messages)


def asked_of_flow(wanted: CreateWorkflowChat, agent: Agent, caller: Caller) -> ChatRequest:
    """Build the request for a flow. Raises InvalidField."""
    config = ChatConfig(
        extra_params=Coordinates().check("ext", wanted.ext),
        user_id=wanted.ext.get("user_id") or None,
        conversation_id=wanted.conversation_id or None,
        parameters=AnyObject().check("parameters", wanted.parameters),
    )
    return _asked(agent, caller, wanted.bot_id, config, wanted.additional_messages)


def _asked(
    agent: Agent, caller: Caller, bot_id: str, config: ChatConfig, written: tuple[EnterMessage, ...]
) -> ChatRequest:
    name = "additional_messages"
    at_most(_MOST_MESSAGES, written, name, errors.TOO_MANY_MESSAGES)
    messages = entered_messages(written, name)
    if messages and (messages[-1].role, messages[-1].type) != ("user", "question"):
        last = f"{name}[{len(messages) - 1}].role"
        raise InvalidField(last, messages[-1].role, "user with type question: the last message is the question")
    return ChatRequest(agent=agent, caller=caller, bot_id=bot_id, chat_config=config, messages=messages)
