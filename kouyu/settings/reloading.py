"""Which settings may change while the server runs, and what differs between two of them."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from kouyu.settings.all_settings import Settings

SECTIONS: Final = (
    "log",
    "limits",
    "overload",
    "audio",
    "recording",
    "retention",
    "voiceprints",
    "diagnostics",
    "fetching",
    "bots",
    "mcp_servers",
    "flows",
)
"""May change as a whole."""
OF_SERVER: Final = ("max_sessions", "drain_s", "default_bot")
"""Those of [server] that may."""


def with_changes(running: Settings, read: Settings) -> Settings:
    """The settings that a running server gets: of ``read`` those that may change, the others of ``running``."""
    server = msgspec.structs.replace(running.server, **{name: getattr(read.server, name) for name in OF_SERVER})
    return msgspec.structs.replace(running, server=server, **{name: getattr(read, name) for name in SECTIONS})


def differences(one: Settings, other: Settings) -> list[str]:
    """The names of the settings whose values differ: ``limits.reply_start_s``, or ``bots`` for any of a list."""
    return list(_differences(one, other, ""))


def _differences(one: Any, other: Any, name: str) -> Iterator[str]:
    if isinstance(one, msgspec.Struct) and type(one) is type(other):
        for field in one.__struct_fields__:
            yield from _differences(getattr(one, field), getattr(other, field), f"{name}.{field}".removeprefix("."))
    elif isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from _differences(one.get(key), other.get(key), f"{name}.{key}")
    elif one != other:
        yield name
