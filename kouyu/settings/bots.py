"""Who answers: bots, flows, and the servers whose tools bots have."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from kouyu.agents.bot import DEFAULT_PROMPT
from kouyu.engines.endpoint_client import require_web_address
from kouyu.protocol.configuration import LONGEST_PROLOGUE
from kouyu.settings.kinds import Count, Name, Seconds


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[bots.model]: what answers for a bot. Without a base_url it is the embedded LLM."""

    kind: Literal["openai", "coze"] = "openai"
    """An OpenAI-compatible endpoint, or a bot on a Coze server (then ``bot_id`` there, and the token as the key)."""
    base_url: str = ""
    """Of an OpenAI-compatible endpoint, with its version: ``http://127.0.0.1:11434/v1``; of a Coze server without."""
    api_key: str = ""
    api_key_env: str = ""
    """The environment variable that holds the key, so that it need not be in the file."""
    model: str = ""
    bot_id: str = ""
    """The bot on the Coze server."""
    ask_early: bool = False
    """The bot on the Coze server is asked before the user's turn is certain, so that it answers sooner. It is then also
    asked in vain; only for bots whose tools have no effects."""
    images: bool = False
    """Whether the model takes pictures."""
    starts_thinking: bool | None = None
    """Whether its answers begin inside a thought that its chat template has opened. None finds out."""
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    max_tokens: Count | None = None
    """Tokens of one answer at most. What is None is left to the endpoint."""
    context_tokens: Annotated[int, Meta(ge=512)] = 8192
    """What the model takes in, question, history and answer together."""
    headers: dict[str, str] = {}
    """Added to every request."""
    body: dict[str, Any] = {}
    """Added to every request body."""

    def __post_init__(self) -> None:
        require_web_address("base_url", self.base_url)
        if self.kind == "coze" and not (self.base_url and self.bot_id):
            raise ValueError('kind is "coze": base_url and bot_id are needed')
        if self.kind == "openai" and self.base_url and not self.model:
            raise ValueError("model is missing: an endpoint must be told which model to use")


class ExampleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[[bots.examples]]: small models learn the tone from a few of these."""

    question: str
    answer: str


class BotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[[bots]]: one who answers."""

    id: Name
    name: str = ""
    description: str = ""
    prompt: str = DEFAULT_PROMPT
    """A Jinja2 template over the client's ``custom_variables``."""
    variables: dict[str, str] = {}
    """Values for variables that the client does not set."""
    examples: tuple[ExampleSettings, ...] = ()
    prologue: Annotated[str, Meta(max_length=LONGEST_PROLOGUE)] = ""
    """What it says first, where the client asks for that."""
    suggested_questions: tuple[str, ...] = ()
    follow_up: bool = False
    """Whether its model writes questions that the user could ask next (in ``/v3/chat``)."""
    follow_up_prompt: str = ""
    """How it is told to; empty: kouyu's own words."""
    voice_id: str = ""
    """Empty: ``engines.default_voice``."""
    tools: tuple[dict[str, Any], ...] = ()
    """OpenAI tool definitions; the client runs them."""
    mcp_servers: tuple[Name, ...] = ()
    """Names of the MCP servers whose tools it has; the server runs them."""
    max_tool_rounds: Count = 8
    """So often tools may be called for one question."""
    model: ModelSettings = ModelSettings()


class McpServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[[mcp_servers]]: a server of tools, started by ``command`` or reached at ``url``."""

    name: Name
    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    """Variables of the program, which otherwise gets PATH, HOME and the like alone."""
    pass_env: tuple[Name, ...] = ()
    """Names of variables that the program gets as they are here, so that secrets need not be in the file."""
    url: str = ""
    """Of a server that speaks streamable HTTP."""
    headers: dict[str, str] = {}
    """Added to every request."""
    token_env: str = ""
    """The environment variable that holds the bearer token of the ``url``."""
    start_timeout_s: Seconds = 30.0
    call_timeout_s: Seconds = 15.0
    """For one call of a tool."""

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.url):
            raise ValueError("command or url: set one of them")
        require_web_address("url", self.url)


class FlowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[[flows]]: a program that answers for clients that name it as ``workflow_id``."""

    id: Name
    callable: str = ""
    """``package.module:function``."""
    folder: str = "."
    """Where the module is looked for, besides Python's own places."""
    url: str = ""
    """Answers to a POST."""
    headers: dict[str, str] = {}
    """Added to every request."""
    token_env: str = ""
    """The environment variable that holds the bearer token of the ``url``."""
    parameters: dict[str, Any] = {}
    """Values for parameters that the client does not set."""
    timeout_s: Seconds = 20.0
    """Until its answer begins, and from one piece of it to the next."""
    ask_early: bool = False
    """It is asked before the user's turn is certain, so that it answers sooner. It is then also asked in vain; only for
    flows without effects, or that await ``committed`` before them."""

    def __post_init__(self) -> None:
        if bool(self.callable) == bool(self.url):
            raise ValueError("callable or url: set one of them")
        if self.callable and not all(self.callable.partition(":")):
            raise ValueError(f"callable: {self.callable!r} is not allowed; allowed: package.module:function")
        require_web_address("url", self.url)
