"""Address, time-outs and capabilities of a language model's endpoint."""

from typing import Any
from urllib.parse import urlsplit

import msgspec


class ModelEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An OpenAI-compatible server and one model on it."""

    base_url: str
    """The URL before ``/chat/completions``, usually ending in ``/v1``."""
    model: str
    api_key: str = ""
    """Sent as a bearer token; empty sends none."""
    headers: dict[str, str] = {}
    """Added to every request."""
    body: dict[str, Any] = {}
    """Added to every request body. A bot's own settings (temperature, max_tokens) override it."""
    context_tokens: int = 8192
    """The model's context window: question, history and answer together."""
    connect_timeout_s: float = 5.0
    first_token_timeout_s: float = 20.0
    """From sending the request to the first token, of reasoning or answer; pings and empty chunks do not count."""
    token_timeout_s: float = 10.0
    """Between two tokens."""
    reconnect_s: float = 0.0
    """How long to retry when the connection is refused or the server is not ready (503). A connection refused or reset
    before the first byte is retried once in any case."""
    keep_alive: bool = True
    """False for servers that close the connection after each answer without announcing it."""
    include_usage: bool = True
    """False for servers that refuse the field ``stream_options``; tokens are then estimated."""
    reads_ahead: bool = False
    """True for servers that cache prompts and cost nothing but their time: while the user still speaks, kouyu prefills
    them with the question so far."""
    ahead_body: dict[str, Any] = {}
    """Added to the body of these requests, and of those that draft an answer, overriding ``body``."""
    prefill_body: dict[str, Any] = {}
    """Added to those that only prefill, whose question is mostly unfinished."""
    obeys_tool_choice: bool = True
    """False for servers that take ``tool_choice`` without following it, but do follow ``json_schema``: llama.cpp's with
    models whose calls it does not parse."""
    calculations: bool = False
    """Whether a question that asks for a calculation is sent with its result: small models calculate wrongly."""
    images: bool = False
    """True for models that accept pictures."""
    starts_thinking: bool | None = None
    """Whether the model's answers begin inside a thought that its chat template has opened. None detects it: until an
    answer has shown it, one that begins with words typical of a thought is held until its end or a closing mark."""

    @property
    def place(self) -> str:
        """Model and server, without credentials, for messages."""
        return f"{self.model} at {self.address}"

    @property
    def address(self) -> str:
        """The server's URL, without credentials."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __repr__(self) -> str:
        return f"ModelEndpoint({self.place})"
