"""The options of ``kouyu token``: times, addresses, permissions and limits."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, get_args
from urllib.parse import urlsplit

import click

from kouyu.store.token_records import Permission, TokenLimits

Command = TypeVar("Command", bound=Callable[..., Any])

NO_LIMIT: Final = "none"
_UNIT_SECONDS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_GIVEN: Final = tuple(name for name in get_args(Permission) if name not in ("login", "refresh"))
_OF_0_1: Final[dict[str, tuple[Permission, ...]]] = {"chat": ("voice",), "rest": ("text", "bots", "voiceprints")}
"""The permissions of 0.1.0 and what they are called now."""


class Duration(click.ParamType[int]):
    """A time such as ``30d``, in seconds: a whole number and m, h, d or w."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds; fails for anything that is not a duration above zero."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is not a time such as 12h or 30d (m, h, d or w)", param, ctx)
        return int(match[1]) * _UNIT_SECONDS[match[2]]


class WebAddress(click.ParamType[str]):
    """The base URL of a server, without a slash at its end."""

    name = "url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The URL; fails for anything that a browser could not open."""
        parts = urlsplit(str(value))
        if parts.scheme not in ("http", "https") or not parts.netloc:
            self.fail(f"{value!r} is not an address such as https://talk.example.org", param, ctx)
        return str(value).rstrip("/")


class Limit(click.ParamType[str]):
    """A whole number above zero, or NO_LIMIT. Stays a string, since None is an option that was not given."""

    name = "limit"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text; fails for anything else."""
        if str(value) != NO_LIMIT and not re.fullmatch(r"[1-9][0-9]{0,8}", str(value)):
            self.fail(f"{value!r} is not a whole number above 0, or {NO_LIMIT}", param, ctx)
        return str(value)


def permission_option(default: str) -> Callable[[Command], Command]:
    """The option ``--permission``; ``default`` says what applies without it."""
    return click.option(
        "--permission",
        "permissions",
        multiple=True,
        type=click.Choice((*_GIVEN, *_OF_0_1)),
        metavar="NAME",
        help=f"What it permits: {', '.join(_GIVEN)}; may be given more than once. [default: {default}]",
    )


def limit_options(command: Command) -> Command:
    """One option for each field of TokenLimits."""
    for name, meaning in (
        ("requests_a_minute", "REST requests and WebSocket handshakes in a minute."),
        ("audio_minutes_a_day", "Minutes of audio received and sent in a day (UTC)."),
        ("conversations", "Conversations at once."),
    ):
        option = click.option(f"--{name.replace('_', '-')}", name, type=Limit(), metavar="N", help=meaning)
        command = option(command)
    return command


def permissions_of(chosen: Sequence[str]) -> tuple[Permission, ...]:
    """The permissions that were chosen, each once, those of 0.1.0 under their new names."""
    names = [name for each in chosen for name in _OF_0_1.get(each, (each,))]
    return tuple(dict.fromkeys(names))  # type: ignore[arg-type]  # click has checked them


def limits_of(options: Mapping[str, str | None]) -> dict[str, int | None]:
    """The limits that were given, by the fields of TokenLimits; None is no limit."""
    given = {name: options[name] for name in TokenLimits.__struct_fields__}
    return {name: None if text == NO_LIMIT else int(text) for name, text in given.items() if text is not None}
