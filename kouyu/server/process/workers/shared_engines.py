"""Which engines, and which language model, all workers of a server share, and what their settings then say."""

from typing import Any, Final, get_args

import msgspec

from kouyu.agents.embedded.attached import Attachment
from kouyu.agents.embedded.attached_engine import NAME as ATTACHED
from kouyu.engines import engine_registry
from kouyu.engines.remote.options import NAME as REMOTE
from kouyu.engines.remote.options import RemoteOptions
from kouyu.settings import Settings, SettingsError
from kouyu.settings.bots import needs_embedded_model
from kouyu.settings.engine_server import ServedKind

_OTHER_SERVERS: Final = frozenset({REMOTE, "openai"})
"""Engines that are other servers already: nothing is loaded for them."""


class Shared(msgspec.Struct, frozen=True):
    """Where the workers find what they share. ``engines`` is an address, "" for none; ``model`` has the slots of the
    language model for each worker, if it is shared."""

    engines: str = ""
    model: tuple[Attachment, ...] = ()


NOTHING: Final = Shared()


def shared_kinds(settings: Settings) -> tuple[ServedKind, ...]:
    """The kinds of engines that a process of their own serves for all workers: those that are loaded on this machine.

    None where the settings name remote engines already, which have the one table of options.
    """
    names = _names(settings)
    if any(REMOTE in of_kind for of_kind in names.values()):
        return ()
    return tuple(kind for kind, of_kind in names.items() if set(of_kind) - _OTHER_SERVERS)


def shares_model(settings: Settings) -> bool:
    """Whether the workers share a language model."""
    return settings.engines.llm == "embedded" and needs_embedded_model(settings.bots)


def check_still_shared(settings: Settings, shared: Shared) -> None:
    """Raise SettingsError if these settings, read anew, need a language model that was not loaded at the start."""
    if shares_model(settings) and not shared.model:
        raise SettingsError(
            "bots: the embedded language model is needed, which worker processes share and which no bot needed when the"
            " server was started; start the server again"
        )


def with_shared(settings: Settings, shared: Shared, worker: int) -> Settings:
    """The settings with which a worker loads what it has of its own, and reaches what is shared."""
    chosen: dict[str, Any] = {}
    options = dict(settings.engines.options)
    if shared.engines:
        chosen = {kind: (REMOTE,) if kind == "tts" else REMOTE for kind in shared_kinds(settings)}
        options[REMOTE] = RemoteOptions(urls=(shared.engines,))
    if shared.model:
        chosen["llm"] = ATTACHED
        options[engine_registry.section("llm", ATTACHED)] = shared.model[worker]
    engines = msgspec.structs.replace(settings.engines, options=options, **chosen)
    return msgspec.structs.replace(settings, engines=engines)


def _names(settings: Settings) -> dict[ServedKind, list[str]]:
    names: dict[ServedKind, list[str]] = {kind: [] for kind in get_args(ServedKind)}
    for kind, name in settings.engines.chosen:
        if kind in names:
            names[kind].append(name)
    return names
