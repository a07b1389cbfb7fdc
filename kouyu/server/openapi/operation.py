"""The description of an endpoint, written beside its route; the OpenAPI document is built from it."""

from typing import Any, Final, Literal

from msgspec import Struct

OPTION: Final = "operation"
"""The key in a route handler's ``opt``."""

Answer = Literal["json", "audio", "archive", "events", "picture", "page", "metrics", "text"]
Tag = Literal[
    "Audio",
    "Bots",
    "Chats",
    "Conversations",
    "Files",
    "OpenAI",
    "Server",
    "Sign-in",
    "Users",
    "Voiceprints",
    "Workflows",
    "kouyu",
]


class Operation(Struct, frozen=True, kw_only=True):
    """One endpoint. Its shapes are msgspec structs, whose docstrings and ``Meta(description=...)`` are shown."""

    summary: str
    tag: Tag
    query: Any = None
    """The shape of the query."""
    body: Any = None
    """The shape of the JSON body."""
    form: Any = None
    """The shape of a multipart/form-data body; ``bytes`` is a file."""
    data: Any = None
    """The shape of ``data`` in the answer; None for none."""
    beside: Any = None
    """The shape of the keys beside ``data``."""
    answer: Answer = "json"
    wrapped: bool = True
    """False for JSON that is not in the wrapper of rest.md 1.1."""
    error: Any = None
    """The shape of the body of errors; None: that of rest.md 1.1."""
    open: bool = False
    """True where no token is required."""


def described(summary: str, tag: Tag, **says: Any) -> dict[str, Any]:
    """For ``opt`` of a route handler: ``@get(..., opt=described("The bots", "Bots", query=BotsQuery, data=BotList))``.

    ``says`` are further fields of Operation.
    """
    return {OPTION: Operation(summary=summary, tag=tag, **says)}
