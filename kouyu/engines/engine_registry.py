"""Finds engines by kind and name: built-in ones, and those that other packages add through entry points.

A package adds an engine by naming its declaration in its own metadata::

    [project.entry-points."kouyu.asr"]
    my-recognizer = "my_package.recognizer:ENGINE"

An entry point overrides a built-in engine of the same name. An engine's module is imported only when it is used.
"""

import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Any, Final, cast, get_args

from kouyu import extras
from kouyu.engines.declaration import Engine, Kind
from kouyu.engines.errors import EngineUnavailable

BUILT_IN: Final[Mapping[Kind, Mapping[str, str]]] = {
    "vad": {"silero": "kouyu.engines.vad.silero:ENGINE"},
    "denoise": {"webrtc": "kouyu.engines.denoise.webrtc:ENGINE"},
    "asr": {
        "whisper": "kouyu.engines.asr.whisper:ENGINE",
        "sense-voice": "kouyu.engines.asr.sense_voice:ENGINE",
        "openai": "kouyu.engines.asr.openai:ENGINE",
        "remote": "kouyu.engines.remote.asr:ENGINE",
    },
    "tts": {
        "hibari": "kouyu.engines.tts.hibari:ENGINE",
        "piper": "kouyu.engines.tts.piper:ENGINE",
        "kokoro": "kouyu.engines.tts.kokoro:ENGINE",
        "openai": "kouyu.engines.tts.openai:ENGINE",
        "remote": "kouyu.engines.remote.tts:ENGINE",
    },
    "turn": {"smart-turn": "kouyu.engines.turn.judge:ENGINE", "remote": "kouyu.engines.remote.turn:ENGINE"},
    "voiceprint": {
        "campplus": "kouyu.engines.voiceprint.campplus:ENGINE",
        "resemblyzer": "kouyu.engines.voiceprint.resemblyzer:ENGINE",
        "remote": "kouyu.engines.remote.voiceprint:ENGINE",
    },
    "emotion": {
        "sense-voice": "kouyu.engines.paralinguistics.sense_voice:ENGINE",
        "remote": "kouyu.engines.remote.emotion:ENGINE",
    },
    "llm": {"embedded": "kouyu.agents.embedded.engine:ENGINE"},
}
"""The declarations as ``module:name``, by kind and name."""

OF_WORKERS: Final[Mapping[tuple[Kind, str], str]] = {
    ("llm", "attached"): "kouyu.agents.embedded.attached_engine:ENGINE"
}
"""Engines that worker processes are told to use (``server/process/workers/``), and that no settings choose."""

ONE_TABLE: Final = frozenset({"remote"})
"""Names whose engines of all kinds have the same options, in one table."""


def names(kind: Kind) -> tuple[str, ...]:
    """The names of all known engines of a kind, sorted."""
    return tuple(sorted(_known(kind)))


def find(kind: Kind, name: str) -> Engine[Any]:
    """Import an engine's module and return its declaration.

    Raises EngineUnavailable for an unknown name (the text lists the known ones), and for an engine that cannot be
    imported or declares something else.
    """
    known = _known(kind)
    if (kind, name) in OF_WORKERS:
        known[name] = EntryPoint(name, OF_WORKERS[kind, name], f"kouyu.{kind}")
    if name not in known:
        allowed = ", ".join(sorted(known)) or "none"
        raise EngineUnavailable(f"engines.{kind}: {name!r} is not allowed; allowed: {allowed}")
    try:
        found = known[name].load()
    except ModuleNotFoundError as error:
        how = extras.how_to_install(error.name or "")
        raise EngineUnavailable(f"the {kind} engine {name!r} cannot be loaded: {how or error}") from error
    except (ImportError, AttributeError) as error:
        raise EngineUnavailable(f"the {kind} engine {name!r} cannot be loaded: {error}") from error
    if not isinstance(found, Engine) or (found.kind, found.name) != (kind, name):
        raise EngineUnavailable(f"{known[name].value} does not declare the {kind} engine {name!r}")
    return found


def section(kind: Kind, name: str) -> str:
    """The key of an engine's options in ``[engines]``: its name, with its kind if other kinds have that name too and
    they have no common table."""
    if name in ONE_TABLE:
        return name
    of_this_name = [each for each in get_args(Kind) if name in _known(each)]
    return (f"{name}_{kind}" if len(of_this_name) > 1 else name).replace("-", "_")


def sections() -> dict[str, tuple[Kind, str]]:
    """Kind and name of every known engine by its section."""
    return {section(kind, name): (kind, name) for kind, name in _all()}


def _all() -> Iterator[tuple[Kind, str]]:
    for kind in get_args(Kind):
        yield from ((kind, name) for name in _known(kind))


def _known(kind: Kind) -> dict[str, EntryPoint]:
    group = f"kouyu.{kind}"
    built_in = {name: EntryPoint(name, value, group) for name, value in BUILT_IN[kind].items()}
    return built_in | {entry.name: entry for entry in _entry_points(tuple(sys.path)).select(group=group)}


@lru_cache(maxsize=1)
def _entry_points(path: tuple[str, ...]) -> EntryPoints:
    """All entry points of the packages on ``path``, ``sys.path``. Reading them takes 30 ms or more."""
    return cast(EntryPoints, entry_points())  # Python 3.11 types it as a class that has ``select`` too
