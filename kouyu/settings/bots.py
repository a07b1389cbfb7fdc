"""Settings of bots, flows, and the MCP servers whose tools bots use."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from kouyu.agents.bot_definition import DEFAULT_PROMPT
from kouyu.domain.configuration import LONGEST_PROLOGUE
from kouyu.engines.web_address import require_web_address
from kouyu.settings.kinds import Count, Name, Seconds


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[bots.model]: a bot's model. Without a base_url it is the embedded LLM."""

    kind: Literal["openai", "coze"] = "openai"
    """An OpenAI-compatible endpoint, or a bot on a Coze server (then ``bot_id`` there, and the token as the key)."""
    base_url: str = ""
    """URL of an OpenAI-compatible endpoint with version (``http://127.0.0.1:11434/v1``) or a Coze server without."""
    api_key: str = ""
    api_key_env: str = ""
    """The environment variable that holds the key, so that it need not be in the file."""
    model: str = ""
    bot_id: str = ""
    """The bot on the Coze server."""
    ask_early: bool = False
    """Send requests to the Coze bot before the user's turn is certain, for lower latency. Some requests are then
    discarded; only for bots whose tools have no side effects."""
    images: bool = False
    """Whether the model accepts images."""
    calculations: bool = False
    """Whether a question that asks for a calculation is sent with its result: small models calculate wrongly. The
    embedded one always gets it."""
    starts_thinking: bool | None = None
    """Whether its answers begin inside a reasoning block that its chat template opens. None: detected."""
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    max_tokens: Count | None = None
    """Most tokens of one answer. None is left to the endpoint."""
    context_tokens: Annotated[int, Meta(ge=512)] = 8192
    """The model's context size: question, history and answer together."""
    headers: dict[str, str] = {}
    """Added to every request."""
    body: dict[str, Any] = {}
    """Added to every request body."""

    def __post_init__(self) -> None:
        require_web_address("base_url", self.base_url)
        if self.kind == "coze" and not (self.base_url and self.bot_id):
            raise ValueError('kind "coze" needs base_url and bot_id')
        if self.kind == "openai" and self.base_url and not self.model:
            raise ValueError("model is missing: an endpoint must be told which model to use")


class ExampleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[[bots.examples]]: few-shot examples, from which small models learn the tone."""

    question: str
    answer: str


class BotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[[bots]]: one bot."""

    id: Name
    aliases: tuple[Name, ...] = ()
    """Further ids that clients may name it by, such as its ``bot_id`` in the cloud."""
    name: str = ""
    description: str = ""
    prompt: str = DEFAULT_PROMPT
    """A Jinja2 template over the client's ``custom_variables``."""
    variables: dict[str, str] = {}
    """Values for variables that the client does not set."""
    examples: tuple[ExampleSettings, ...] = ()
    prologue: Annotated[str, Meta(max_length=LONGEST_PROLOGUE)] = ""
    """Its opening message, if the client requests it."""
    suggested_questions: tuple[str, ...] = ()
    follow_up: bool = False
    """Whether its model suggests questions that the user could ask next (in ``/v3/chat``)."""
    follow_up_prompt: str = ""
    """The prompt for them; empty: kouyu's own."""
    voice_id: str = ""
    """Empty: ``engines.default_voice``."""
    record_sessions: bool | None = None
    """Whether its sessions are recorded; not set: as ``recording.sessions``."""
    tools: tuple[dict[str, Any], ...] = ()
    """OpenAI tool definitions; the client runs them."""
    mcp_servers: tuple[Name, ...] = ()
    """Names of the MCP servers whose tools it has; the server runs them."""
    max_tool_rounds: Count = 8
    """Most rounds of tool calls for one question."""
    model: ModelSettings = ModelSettings()


class McpServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[[mcp_servers]]: an MCP server, started by ``command`` or reached at ``url``."""

    name: Name
    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    """Environment variables of the program, which otherwise gets only PATH, HOME and the like."""
    pass_env: tuple[Name, ...] = ()
    """Names of variables passed on from kouyu's environment, so that secrets need not be in the file."""
    url: str = ""
    """URL of a server with the streamable HTTP transport."""
    headers: dict[str, str] = {}
    """Added to every request."""
    token_env: str = ""
    """The environment variable that holds the bearer token of the ``url``."""
    start_timeout_s: Seconds = 30.0
    call_timeout_s: Seconds = 15.0
    """Timeout of one tool call."""

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.url):
            raise ValueError("command or url: set one of them")
        require_web_address("url", self.url)


class FlowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[[flows]]: a program that answers clients which name it as ``workflow_id``."""

    id: Name
    aliases: tuple[Name, ...] = ()
    """Further ids that clients may name it by, such as its ``workflow_id`` in the cloud."""
    callable: str = ""
    """``package.module:function``."""
    folder: str = "."
    """Folder searched for the module, besides Python's own path."""
    url: str = ""
    """URL that answers a POST."""
    headers: dict[str, str] = {}
    """Added to every request."""
    token_env: str = ""
    """The environment variable that holds the bearer token of the ``url``."""
    parameters: dict[str, Any] = {}
    """Values for parameters that the client does not set."""
    timeout_s: Seconds = 20.0
    """Timeout until its answer begins, and from one piece of it to the next."""
    ask_early: bool = False
    """Call it before the user's turn is certain, for lower latency. Some calls are then discarded; only for flows
    without side effects, or that await ``committed`` before them."""

    def __post_init__(self) -> None:
        if bool(self.callable) == bool(self.url):
            raise ValueError("callable or url: set one of them")
        if self.callable and not all(self.callable.partition(":")):
            raise ValueError(f"callable: {self.callable!r} is not allowed; allowed: package.module:function")
        require_web_address("url", self.url)


def needs_embedded_model(bots: tuple[BotSettings, ...]) -> bool:
    """Whether a bot has no endpoint of its own."""
    return any(not bot.model.base_url for bot in bots)
