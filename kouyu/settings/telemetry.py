"""Settings of what the server tells its operator: its log, and traces."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from kouyu.engines.web_address import require_web_address


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[log]: the log on standard error. It never holds users' speech or messages."""

    format: Literal["text", "json"] = "text"
    """"json": one JSON object on each line."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """Of kouyu's own messages; of libraries only warnings and errors are written."""


class TracingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[tracing]: a trace of each turn, by OpenTelemetry. Needs the extra ``kouyu[otel]``."""

    endpoint: str = ""
    """URL of a collector that takes OTLP over HTTP, such as ``http://127.0.0.1:4318``; empty: none are sent."""
    headers: dict[str, str] = {}
    """Added to every request to it."""
    sample: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """The share of turns that are sent."""
    record_text: bool = False
    """Whether what users and agents say is in the traces."""

    def __post_init__(self) -> None:
        require_web_address("endpoint", self.endpoint)
