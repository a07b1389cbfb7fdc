"""Adds a bot to a settings file; comments and everything else stay as they are."""

import os
import tomllib
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from kouyu.settings.errors import SettingsError
from kouyu.settings.first_file import write_first


def add_bot(path: Path, bot: dict[str, Any]) -> None:
    """Add a table ``[[bots]]`` with these values at the end of the file. Without a file, that of a first start is
    written.

    Raises SettingsError if a bot or an alias has its id already, or the file cannot be read or written.
    """
    try:
        write_first(path)
        text = path.read_text(encoding="utf-8-sig")
        there = tomllib.loads(text).get("bots", [])
        taken = {name: each["id"] for each in there for name in (each["id"], *each.get("aliases", []))}
        for alias in bot.get("aliases", []):
            if alias in taken:
                raise SettingsError(
                    f"{path}: the bot {taken[alias]!r} is {alias} already; remove that bot to take it over anew"
                )
        if bot["id"] in taken:
            raise SettingsError(f"{path}: there is a bot {bot['id']!r} already; choose another id with --id")
        table = tomlkit.table()
        for name, value in bot.items():
            is_long = isinstance(value, str) and "\n" in value
            table.add(name, tomlkit.string(value, multiline=True) if is_long else value)
        document = tomlkit.document()
        document.append("bots", tomlkit.aot())
        document["bots"].append(table)
        added = f"{text.rstrip()}\n\n{tomlkit.dumps(document)}"
        tomllib.loads(added)
        new = path.with_name(f".{path.name}.{os.getpid()}")
        new.write_text(added, encoding="utf-8")
        new.chmod(path.stat().st_mode & 0o777)
        new.replace(path)
    except (OSError, UnicodeDecodeError, TOMLKitError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SettingsError(f"{path}: cannot be changed: {error}") from error
