"""Changes one setting in a settings file; comments and everything else stay as they are."""

import os
import tomllib
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from kouyu.settings.errors import SettingsError
from kouyu.settings.first_file import write_first


def set_values(path: Path, section: tuple[str, ...], values: dict[str, str]) -> None:
    """Set texts in a section of the settings file, such as ``("engines", "embedded")``.

    Without a file, that of a first start is written. Raises SettingsError if it cannot be read or written.
    """
    try:
        write_first(path)
        document = tomlkit.parse(path.read_text(encoding="utf-8-sig"))
        table = document
        for key in section:
            table = table.setdefault(key, tomlkit.table())
        table.update(values)
        text = tomlkit.dumps(document)
        tomllib.loads(text)
        new = path.with_name(f".{path.name}.{os.getpid()}")
        new.write_text(text, encoding="utf-8")
        new.chmod(path.stat().st_mode & 0o777)
        new.replace(path)
    except (OSError, UnicodeDecodeError, TOMLKitError, tomllib.TOMLDecodeError, AttributeError, TypeError) as error:
        raise SettingsError(f"{path}: cannot be changed: {error}") from error
