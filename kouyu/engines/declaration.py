"""The declaration of an engine. Loading, settings and checks are loops over these declarations.

A module of an engine ends with ``ENGINE = Engine(...)``. Built-in engines are listed in ``engine_registry``; those of
other packages are entry points of the group ``kouyu.<kind>`` (docs/guides/add-an-engine.md). Both load the same way.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from kouyu import extras
from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.pressure import EnginesElsewhere
from kouyu.engines.scheduler import Scheduler

if TYPE_CHECKING:
    from kouyu.engines.tts.engine import Voice

Kind: TypeAlias = Literal["vad", "denoise", "asr", "tts", "turn", "voiceprint", "emotion", "llm"]
"""``turn`` predicts the end of a turn, ``voiceprint`` identifies speakers, ``llm`` is the embedded model."""

Threads: TypeAlias = Annotated[int, Meta(ge=1)]
"""A number of threads in an engine's options."""

FilePath: TypeAlias = Annotated[str, Meta(extra={"is_path": True})]
"""A path in an engine's options: a relative one starts from the folder of the settings file."""

Options = TypeVar("Options", bound=msgspec.Struct)


class NoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of an engine that has none."""


class EngineContext(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments for loading any engine."""

    scheduler: Scheduler
    """Runs its blocking work."""
    workers: int
    """Threads of the scheduler, and so the most simultaneous calls."""
    section: str
    """The table of its options in ``kouyu.toml``, for error messages: ``engines.whisper``."""
    elsewhere: EnginesElsewhere
    """Takes the load of engines in other processes."""
    load_engine: Callable[[Kind, str], Awaitable[Any]]
    """Loads another engine, one of its ``loads_too``. Raises EngineUnavailable."""


class Engine(msgspec.Struct, Generic[Options], frozen=True, kw_only=True):
    """One engine: its name, kind, options, weights, and how to load it."""

    name: str
    kind: Kind
    load: Callable[[EngineContext, Options], Awaitable[Any]]
    """Create and warm up the engine: an object of the Protocol of its kind (``engines/<kind>/engine.py``).

    Raises EngineUnavailable if a library or its weights are missing.
    """
    options: type[Options] = NoOptions  # type: ignore[assignment]
    """A frozen struct in which every field has a default: the table ``[engines.<name>]`` of ``kouyu.toml``."""
    weights: Callable[[Options], tuple[str, ...]] = lambda _: ()
    """The weight sets that it uses with these options; it must load without those that are only recommended."""
    loads_too: Callable[[Options], tuple[tuple[Kind, str], ...]] = lambda _: ()
    """Kind and name of the engines that it loads itself with these options."""
    check: Callable[[Options], None] = lambda _: None
    """Raises ValueError if required options are missing."""
    voices: "Callable[[Options], tuple[Voice, ...]] | None" = None
    """For ``tts``: the voices that it would have with these options and the weights that are here, without loading it.
    None: they are known once it is loaded."""
    libraries: tuple[str, ...] = ()
    """The top-level modules that ``load`` imports and not every server has."""

    def require_libraries(self) -> None:
        """Raise EngineUnavailable if one of ``libraries`` is not installed. Imports none."""
        if lacking := extras.missing(self.libraries):
            how = extras.how_to_install(lacking[0]) or f"{extras.pip()} install {lacking[0]}"
            raise EngineUnavailable(f"the {self.kind} engine {self.name!r} needs {', '.join(lacking)}: {how}")
