"""``kouyu import-bot``: takes over a bot of the Coze cloud: its name, prompt, opening line, questions and voice."""

import os
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click
import httpx
import msgspec

from kouyu.cli.saying import say
from kouyu.engines.this_machine import is_this_machine
from kouyu.settings import SettingsError, load
from kouyu.settings.adding import add_bot
from kouyu.settings.first_file import FILE_NAME

TOKEN_VARIABLE: Final = "COZE_API_TOKEN"
_PATIENCE_S: Final = 20.0
_LEFT_BEHIND: Final = {
    "plugin_info_list": "plug-ins: connect MCP servers instead (docs/guides/tools-and-files.md)",
    "workflow_info_list": "workflows: write flows instead (docs/guides/bots.md)",
    "knowledge": "knowledge bases: an MCP server that searches them, or an answer in the prompt",
}
"""What of a bot has no counterpart here, by its field in the cloud's answer, and what takes its place."""


class _Prompt(msgspec.Struct, frozen=True):
    prompt: str = ""


class _Onboarding(msgspec.Struct, frozen=True):
    prologue: str = ""
    suggested_questions: tuple[str, ...] = ()


class _Voice(msgspec.Struct, frozen=True):
    voice_id: str = ""


class _Bot(msgspec.Struct, frozen=True):
    """A bot as the cloud shows it (rest.md 5), as far as it is taken over."""

    bot_id: str = ""
    name: str = ""
    description: str = ""
    prompt_info: _Prompt | None = None
    onboarding_info: _Onboarding | None = None
    voice_info_list: tuple[_Voice, ...] | None = None
    plugin_info_list: tuple[Any, ...] | None = None
    workflow_info_list: tuple[Any, ...] | None = None
    knowledge: dict[str, Any] | None = None


class _Answer(msgspec.Struct, frozen=True):
    code: int = 0
    msg: str = ""
    data: _Bot | None = None


@click.command("import-bot", short_help="Take over a bot of the Coze cloud.")
@click.argument("bot_id")
@click.option("--from", "base_url", default="https://api.coze.cn", show_default=True, help="The cloud's URL.")
@click.option("--id", "new_id", help="Its id here. [default: its name]")
@click.option("--voice", "voice_id", help="Its voice here. [default: that of voice_aliases for its voice in the cloud]")
@click.option(
    "--draft", is_flag=True, help="The version that is being edited; otherwise the one that is published as an API."
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Settings file to add it to. [default: {FILE_NAME} in the current folder]",
)
def import_bot(
    bot_id: str, base_url: str, new_id: str | None, voice_id: str | None, draft: bool, config: Path | None
) -> None:
    """Add the bot BOT_ID of the cloud to the settings: name, description, prompt, opening line, suggested questions and
    voice. Clients go on naming it by BOT_ID, which becomes an alias.

    The access token is read from the environment variable COZE_API_TOKEN, or asked for. It is used for this one request
    alone, and neither saved nor shown.
    """
    token = os.environ.get(TOKEN_VARIABLE) or click.prompt("Access token of the cloud", hide_input=True, err=True)
    bot = _fetched(base_url, bot_id, token, is_published=not draft)
    path = config or Path.cwd() / FILE_NAME
    values = _settings_of(bot, bot_id, new_id)
    voice = next((each.voice_id for each in bot.voice_info_list or () if each.voice_id), "")
    try:
        known = load(path, environment=os.environ).engines.voice_aliases if path.is_file() else {}
        if chosen := voice_id or (voice if voice in known else ""):
            values["voice_id"] = chosen
        add_bot(path, values)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    say(f"{path}: the bot {values['id']!r} was added; clients may name it {bot_id} too")
    if voice and voice not in known:
        say(f"Its voice in the cloud is {voice}. For clients that name it, say under [engines] which one speaks:")
        say(f'  voice_aliases = {{ "{voice}" = "{voice_id or "…"}" }}')
    for name, instead in _LEFT_BEHIND.items():
        if _has(getattr(bot, name)):
            say(f"Not taken over: {instead}")
    say("The built-in model answers until its table [bots.model] names another one. Then: kouyu serve --check")


def _has(field: tuple[Any, ...] | dict[str, Any] | None) -> bool:
    """Whether a bot has some of what a field lists; an object lists it in its own fields."""
    return any(field.values()) if isinstance(field, dict) else bool(field)


def _fetched(base_url: str, bot_id: str, token: str, *, is_published: bool) -> _Bot:
    """The bot as the cloud shows it. Raises ClickException, whose text never holds the token."""
    url = f"{base_url.rstrip('/')}/v1/bots/{quote(bot_id, safe='')}?is_published={str(is_published).lower()}"
    try:
        with httpx.Client(timeout=_PATIENCE_S, trust_env=not is_this_machine(url)) as client:
            answered = client.get(url, headers={"Authorization": f"Bearer {token}"})
        answer = msgspec.json.decode(answered.content, type=_Answer)
    except httpx.InvalidURL as fault:
        raise click.BadParameter(f"{base_url!r} is not a URL: {fault}", param_hint="--from") from None
    except (httpx.HTTPError, UnicodeEncodeError) as fault:
        raise click.ClickException(f"{base_url} cannot be reached: {type(fault).__name__}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        status = f"HTTP {answered.status_code}"
        raise click.ClickException(f"{base_url} is no Coze server: its answer ({status}) cannot be read") from None
    if answer.code or answer.data is None:
        said = answer.msg.replace(token, "…") or "no reason given"
        raise click.ClickException(f"{base_url} does not give the bot {bot_id} ({answer.code}): {said}")
    return answer.data


def _settings_of(bot: _Bot, bot_id: str, new_id: str | None) -> dict[str, Any]:
    """The table ``[[bots]]``, without what the bot has not."""
    onboarding = bot.onboarding_info or _Onboarding()
    given = new_id or re.sub(r"[^\w.-]+", "-", bot.name.strip().lower()).strip("-") or bot_id
    values: dict[str, Any] = {
        "id": given,
        "aliases": [bot_id] if given != bot_id else [],
        "name": bot.name,
        "description": bot.description,
        "prompt": bot.prompt_info.prompt if bot.prompt_info else "",
        "prologue": onboarding.prologue,
        "suggested_questions": [question for question in onboarding.suggested_questions if question],
    }
    return {name: value for name, value in values.items() if value}
