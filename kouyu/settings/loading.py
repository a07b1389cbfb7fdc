"""Loads and checks Settings from kouyu.toml, environment and command line, each overriding the one before."""

import contextlib
import difflib
import logging
import tomllib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from kouyu.engines import engine_registry
from kouyu.engines.errors import EngineUnavailable
from kouyu.settings.all_settings import DataSettings, EngineSettings, Settings
from kouyu.settings.errors import SettingsError, allowed
from kouyu.store.options import StoreOptions

ENVIRONMENT_PREFIX = "KOUYU_"
ENVIRONMENT_SEPARATOR = "__"

RENAMED: typing.Final = {("limits", "partial_interval_ms"): ("limits", "interim_interval_ms")}
"""Settings that had another name in an earlier release. The old name is still read, and deprecated."""

log = logging.getLogger(__name__)

KeyPath = tuple[str | int, ...]

S = typing.TypeVar("S", bound=msgspec.Struct)


def load(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    options: Mapping[tuple[str, ...], tuple[str, Any]] | None = None,
) -> Settings:
    """Load the settings.

    ``path`` is the settings file, None for none. From ``environment`` the variables ``KOUYU_SECTION__KEY`` are read
    (those without a double underscore are not settings). ``options`` maps a key, such as ``("server", "port")``, to
    the name of the command line option and its value. Raises SettingsError, which names every problem found.
    """
    build = _Build(str(path) if path else "settings")
    tree = _with_new_names(_read(path), str(path)) if path else {}
    for variable, text in sorted((environment or {}).items()):
        build.lay_over(tree, *_from_environment(variable, text))
    for keys, (option, value) in (options or {}).items():
        build.lay_over(tree, keys, f"option {option}", value)
    settings = build.struct(Settings, tree, ())
    if settings is not None:
        build.check_options(settings.engines)
    if settings is None or build.problems:
        raise SettingsError(*build.problems)
    return settings


def load_data_dir(path: Path | None, environment: Mapping[str, str]) -> str:
    """``data.dir`` of the settings, as it stands there; empty: the default folder.

    Nothing else in the settings is read, so that a client needs none of the engines that they name. Raises
    SettingsError.
    """
    return _section(path, environment, "data", DataSettings).dir


def load_store(path: Path | None, environment: Mapping[str, str]) -> StoreOptions:
    """The database of the settings; nothing else in them is read. Raises SettingsError."""
    return _section(path, environment, "store", StoreOptions)


def _section(path: Path | None, environment: Mapping[str, str], name: str, kind: type[S]) -> S:
    build = _Build(str(path) if path else "settings")
    tree = _read(path) if path else {}
    for variable, text in sorted(environment.items()):
        keys, source, value = _from_environment(variable, text)
        if keys[:1] == (name,):
            build.lay_over(tree, keys, source, value)
    section = build.struct(kind, tree.get(name, {}), (name,))
    if section is None or build.problems:
        raise SettingsError(*build.problems)
    return section


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors write a byte order mark
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such settings file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: is not valid TOML: {error}") from None


def _with_new_names(tree: dict[str, Any], file: str) -> dict[str, Any]:
    """The file's tables, with the names of today. Where an old and a new name are given, the new one counts."""
    for (section, old), (_, new) in RENAMED.items():
        table = tree.get(section)
        if isinstance(table, dict) and old in table:
            _tell_of_new_name(f"{file}: {section}.{old}", new)
            value = table.pop(old)
            table.setdefault(new, value)
    return tree


def _tell_of_new_name(where: str, new: str) -> None:
    log.warning("%s: this name is deprecated; the setting is called %s now", where, new)


def _from_environment(variable: str, text: str) -> tuple[tuple[str, ...], str, Any]:
    """Key, source and value of an environment variable; an empty key if the variable is not a setting."""
    name = variable.removeprefix(ENVIRONMENT_PREFIX)
    if name == variable or ENVIRONMENT_SEPARATOR not in name:
        return (), "", None
    keys = tuple(name.lower().split(ENVIRONMENT_SEPARATOR))
    if keys in RENAMED:
        keys = RENAMED[keys]
        _tell_of_new_name(f"environment variable {variable}", keys[-1])
    return keys, f"environment variable {variable}", _value(text, _annotation(Settings, keys))


def _value(text: str, annotation: Any) -> Any:
    """The text itself if the key takes text, else parsed as a TOML value."""
    if annotation is str or isinstance(msgspec.inspect.type_info(annotation), msgspec.inspect.LiteralType):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _annotation(struct: type[msgspec.Struct], keys: tuple[str, ...]) -> Any:
    annotation = typing.get_type_hints(struct, include_extras=True).get(keys[0], str)
    if struct is EngineSettings and keys[0] in engine_registry.sections():
        kind, name = engine_registry.sections()[keys[0]]
        with contextlib.suppress(EngineUnavailable):  # reported when the table is read
            annotation = engine_registry.find(kind, name).options
    if len(keys) == 1:
        return annotation
    return _annotation(annotation, keys[1:]) if _is_struct(annotation) else str


def _is_struct(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)


@dataclass(slots=True)
class _Build:
    """Builds structs from plain tables and collects the problems found."""

    file: str
    problems: list[str] = field(default_factory=list)
    sources: dict[KeyPath, str] = field(default_factory=dict)
    """Source of each key that is not from the file."""

    def lay_over(self, tree: dict[str, Any], keys: tuple[str, ...], source: str, value: Any) -> None:
        """Set a key in the tree, creating tables as needed."""
        if not keys:
            return
        self.sources[keys] = source
        for key in keys[:-1]:
            table = tree.setdefault(key, {})
            if not isinstance(table, dict):
                return  # the file's error is reported when the tree is read
            tree = table
        tree[keys[-1]] = value

    def struct(self, cls: type[S], table: Any, path: KeyPath) -> S | None:
        """Convert the table to a ``cls``, or return None after adding the problems."""
        if not isinstance(table, dict):
            self._wrong(path, table, allowed(cls))
            return None
        found = len(self.problems)
        if cls is EngineSettings:
            table = self._with_options(table, path)
        fields = msgspec.structs.fields(cls)
        self._note_unknown_keys(table, [item.encode_name for item in fields], path)
        hints = typing.get_type_hints(cls, include_extras=True)
        values: dict[str, Any] = {}
        for item in fields:
            key = item.encode_name
            if key in table:
                values[key] = self._field(hints[key], table[key], (*path, key))
            elif item.required:
                self.problems.append(f"{self._where((*path, key))}: is missing")
        if len(self.problems) > found:
            return None
        try:
            return cls(**values)
        except ValueError as error:
            self.problems.append(f"{self._where(path)}: {error}")
            return None

    def _with_options(self, table: dict[str, Any], path: KeyPath) -> dict[str, Any]:
        """The table ``[engines]`` with its tables of options moved to ``options``, checked by their engines."""
        rest, options = dict(table), {}
        for section, (kind, name) in engine_registry.sections().items():
            given = rest.pop(section, {})
            if not given:
                continue
            try:
                engine = engine_registry.find(kind, name)
            except EngineUnavailable as error:
                self.problems.append(f"{self._where((*path, section))}: {error}")
                continue
            built = self.struct(engine.options, given, (*path, section))
            if built is not None and built != engine.options():
                options[section] = built
        return rest | ({"options": options} if options else {})

    def check_options(self, engines: EngineSettings) -> None:
        """Add a problem for each chosen engine whose required options are missing."""
        for kind, name in engines.chosen:
            if name not in engine_registry.BUILT_IN[kind] or (kind, name) not in EngineSettings().chosen:
                try:
                    engine = engine_registry.find(kind, name)
                    engine.check(engines.options_of(engine))
                except EngineUnavailable:
                    continue  # reported when the engine is loaded
                except ValueError as error:
                    section = engine_registry.section(kind, name)
                    self.problems.append(f"{self._where(('engines', section))}: {name!r} is chosen: {error}")

    def _field(self, annotation: Any, value: Any, path: KeyPath) -> Any:
        if _is_struct(annotation):
            return self.struct(annotation, value, path)
        item = _item_struct(annotation)
        if item is not None and isinstance(value, list):
            return tuple(self.struct(item, entry, (*path, number)) for number, entry in enumerate(value))
        try:
            return msgspec.convert(value, annotation)
        except msgspec.ValidationError:
            self._wrong(path, value, allowed(annotation))
            return None

    def _note_unknown_keys(self, table: dict[str, Any], known: list[str], path: KeyPath) -> None:
        for key in table:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else "known here: " + ", ".join(known)
                source = next(self._sources_below((*path, key)), None) or self._where((*path, key))
                self.problems.append(f"{source}: unknown key; {hint}")

    def _wrong(self, path: KeyPath, value: Any, words: str) -> None:
        is_secret = any(word in str(path[-1:]) for word in ("key", "token"))
        shown = "this value" if is_secret else repr(value)
        self.problems.append(f"{self._where(path)}: {shown} is not allowed; allowed: {words}")

    def _sources_below(self, path: KeyPath) -> Iterator[str]:
        return (source for keys, source in self.sources.items() if keys[: len(path)] == path)

    def _where(self, path: KeyPath) -> str:
        if path in self.sources:
            return self.sources[path]
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
        return f"{self.file}: {name}" if name else self.file


def _item_struct(annotation: Any) -> type[msgspec.Struct] | None:
    """B for ``tuple[B, ...]`` where B is a struct."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is tuple and _is_struct(arguments[0]):
        struct: type[msgspec.Struct] = arguments[0]
        return struct
    return None
