"""What an engine declares of itself. Loading, settings and checks are loops over these declarations.

A module of an engine ends with ``ENGINE = Engine(...)``. Built-in engines are listed in ``engine_registry``; those of
other packages are entry points of the group ``kouyu.<kind>`` (docs/guides/add-an-engine.md). Both go the same way.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from kouyu.engines.scheduler import Scheduler

Kind: TypeAlias = Literal["vad", "denoise", "asr", "tts", "turn", "voiceprint", "emotion", "llm"]
"""``turn`` judges whether a turn is over, ``voiceprint`` tells speakers apart, ``llm`` is the embedded model."""

Threads: TypeAlias = Annotated[int, Meta(ge=1)]
"""A number of threads in an engine's options."""

Options = TypeVar("Options", bound=msgspec.Struct)


class NoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Of an engine that has none."""


class EngineContext(msgspec.Struct, frozen=True, kw_only=True):
    """What every engine is loaded with."""

    scheduler: Scheduler
    """Where its blocking work runs."""
    workers: int
    """Threads of the scheduler: as many calls may come at once."""
    section: str
    """The table of its options in ``kouyu.toml``, for errors: ``engines.whisper``."""


class Engine(msgspec.Struct, Generic[Options], frozen=True, kw_only=True):
    """One engine: its name and kind, how it is configured, what it needs, and how it is loaded."""

    name: str
    kind: Kind
    load: Callable[[EngineContext, Options], Awaitable[Any]]
    """Makes the engine, warm: an object of the Protocol of its kind (``engines/<kind>/engine.py``).

    Raises EngineUnavailable where a library or its weights are missing.
    """
    options: type[Options] = NoOptions  # type: ignore[assignment]
    """A frozen struct in which every field has a default: the table ``[engines.<name>]`` of ``kouyu.toml``."""
    weights: Callable[[Options], tuple[str, ...]] = lambda _: ()
    """The weight sets that it needs with these options."""
    check: Callable[[Options], None] = lambda _: None
    """Raises ValueError where the options are not enough for the engine to be chosen."""
