"""Where a language model is reached."""

from typing import Any
from urllib.parse import urlsplit

import msgspec


class ModelEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An OpenAI-compatible server and one model on it."""

    base_url: str
    """What ``/chat/completions`` is added to, usually ending in ``/v1``."""
    model: str
    api_key: str = ""
    """Sent as a bearer token; empty sends none."""
    headers: dict[str, str] = {}
    """Added to every request."""
    body: dict[str, Any] = {}
    """Added to every request body. What a bot sets itself (temperature, max_tokens) takes its place."""
    context_tokens: int = 8192
    """What the model takes in at most, question, history and answer together."""
    connect_timeout_s: float = 5.0
    first_token_timeout_s: float = 20.0
    """From sending the request to the first token, of reasoning or answer; pings and empty chunks do not count."""
    token_timeout_s: float = 10.0
    """Between two tokens."""
    reconnect_s: float = 0.0
    """For so long a connection refused, or a server that says it is not ready (503), is tried again. A connection
    refused or reset before the first byte is tried once more in any case."""
    keep_alive: bool = True
    """False for servers that hang up after each answer without saying so beforehand."""
    include_usage: bool = True
    """False for servers that refuse the field ``stream_options``; tokens are then estimated."""
    reads_ahead: bool = False
    """True for servers that keep what they have read of a prompt and cost nothing but their time: while the user still
    speaks, they are given the question as far as it goes."""
    ahead_body: dict[str, Any] = {}
    """Added to the body of requests that are made then, in place of what is in ``body``."""
    images: bool = False
    """True for models that take pictures."""
    starts_thinking: bool | None = None
    """Whether the model's answers begin inside a thought that its chat template has opened. None finds out: until an
    answer has shown it, one that begins with the words of a thought waits for its end or a closing mark."""

    @property
    def place(self) -> str:
        """Model and server, without credentials: for messages."""
        parts = urlsplit(self.base_url)
        return f"{self.model} at {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __repr__(self) -> str:
        return f"ModelEndpoint({self.place})"
