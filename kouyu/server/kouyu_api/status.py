"""``/v1/kouyu/status``: the server's state and load at a glance (docs/diagnostics.md)."""

import os
import resource
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from kouyu.agents.agent import Agent
from kouyu.agents.embedded.tiered_model import TierChange, TieredModel
from kouyu.diagnostics.loop_watchdog import Holds, LoopWatchdog
from kouyu.diagnostics.watcher import Wanted
from kouyu.diagnostics.watcher_hub import WatcherHub
from kouyu.engines.scheduler import Scheduler
from kouyu.metrics.recent_failures import RecentFailures
from kouyu.metrics.recent_metrics import RecentMetrics
from kouyu.server.access.sessions import Sessions
from kouyu.server.kouyu_api.live_connections import LiveConnection, live_connection
from kouyu.server.openapi.operation import described
from kouyu.server.peers.peers import Peers, Told
from kouyu.server.rest.answers import answer_success
from kouyu.server.siblings.processes import ProcessLoad, ServerProcess, Work, all_holds, all_work, work_of
from kouyu.server.siblings.siblings import Siblings
from kouyu.settings.all_settings import EngineSettings
from kouyu.store.sound_bounds import Bounds
from kouyu.store.sounds import KeptSounds

PATH: Final = "/v1/kouyu/status"


class RunningEngine(msgspec.Struct, frozen=True):
    """An engine that is loaded."""

    kind: Literal["vad", "asr", "tts", "llm"]
    name: str
    """Of the embedded language model, its tier and the model."""
    reason: str = ""
    """Why this one was chosen, if the server chose it: a clause that follows "because"."""


class _Memory(msgspec.Struct, frozen=True):
    resident_bytes: int


class _Cpu(msgspec.Struct, frozen=True):
    cores: int
    load_1min: float


class SharingServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server on this database. ``version`` is empty, and the rest 0, if it does not answer."""

    address: str
    version: str = ""
    sessions: int = 0
    max_sessions: int = 0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the server, of all of its processes together. ``scheduler`` is left out where it runs no engines of
    its own."""

    version: str
    uptime_s: float
    sessions: int
    max_sessions: int
    watchers: int
    scheduler: Work | None
    engines: Sequence[RunningEngine]
    language_model_change: TierChange | None
    """The larger language model that this server is to run, while it does not run it."""
    voices: int
    bots: Sequence[str]
    flows: Sequence[str]
    memory: _Memory
    cpu: _Cpu
    event_loop_held: Holds
    kept_audio: dict[str, int]
    live: Sequence[LiveConnection]
    servers: Sequence[SharingServer]
    """The servers on this database, this one first; empty for an SQLite database."""
    processes: Sequence[ServerProcess]
    """Those of this server, if its clients are served by several; else empty."""
    instance: str
    """Tells this server from others, in the answers of all of its processes."""


class _Part(msgspec.Struct, frozen=True):
    """What is read of the status of another server, or of another process of this one."""

    version: str
    sessions: int
    max_sessions: int
    live: Sequence[LiveConnection]
    instance: str = ""


def speech_engines_of(settings: EngineSettings) -> tuple[RunningEngine, ...]:
    """The speech engines that a server with these settings runs."""
    tts = (RunningEngine("tts", name) for name in settings.tts)
    return RunningEngine("vad", settings.vad), RunningEngine("asr", settings.asr), *tts


@dataclass(slots=True, kw_only=True, eq=False)
class ServerState:
    """The sources from which the status is built. ``keep_audio`` follows the settings."""

    sessions: Sessions
    watcher_hub: WatcherHub
    scheduler: Scheduler | None
    speech_engines: Sequence[RunningEngine]
    language_model: Callable[[], TieredModel | None]
    """Returns the embedded one, if a bot needs it."""
    voices: int
    bots_of: Callable[[str], Collection[str]]
    """The bots that an owner's clients may talk to."""
    flows: Collection[str]
    sounds: KeptSounds
    keep_audio: Bounds | None
    watchdog: LoopWatchdog
    recent: RecentMetrics | None
    """None: the server measures nothing, and ``/v1/kouyu/metrics`` is left out."""
    failures: RecentFailures
    agents_of: Callable[[str], Mapping[str, Agent]]
    """The agents of the bots that an owner's clients may talk to."""
    started_at: float
    """By ``time.monotonic``."""
    siblings: Siblings = field(default_factory=Siblings)
    """The other processes of the server."""
    instance: str = ""
    """See ``Application``."""

    @property
    def load(self) -> ProcessLoad:
        """The load of this process."""
        return ProcessLoad(scheduler=work_of(self.scheduler), event_loop_held=self.watchdog.holds)

    async def status(self, owner: str, address: str = "") -> Status:
        """Return the present status, with the bots and live sessions of this owner.

        ``address``: that of this server for others, if there may be any.
        """
        files, size = await self.sounds.usage()
        most = self.keep_audio.max_bytes if self.keep_audio else 0
        model = self.language_model()
        llm = (RunningEngine("llm", model.name, model.reason),) if model is not None else ()
        return Status(
            version=version("kouyu"),
            uptime_s=round(time.monotonic() - self.started_at, 1),
            sessions=self.sessions.in_all,
            max_sessions=self.sessions.limit,
            watchers=self.watcher_hub.watchers,
            scheduler=self.load.scheduler,
            engines=(*self.speech_engines, *llm),
            language_model_change=model.change if model is not None else None,
            voices=self.voices,
            bots=tuple(self.bots_of(owner)),
            flows=tuple(self.flows),
            memory=_Memory(_resident_bytes()),
            cpu=_Cpu(os.cpu_count() or 1, round(os.getloadavg()[0], 2)),
            event_loop_held=self.watchdog.holds,
            kept_audio={"files": files, "bytes": size, "max_bytes": most},
            live=self._live(owner, address),
            servers=(),
            processes=(),
            instance=self.instance,
        )

    def _live(self, owner: str, address: str) -> tuple[LiveConnection, ...]:
        return tuple(live_connection(session, address) for session in self.watcher_hub.sessions(Wanted(owner=owner)))


def status_routes(state: ServerState, guard: Guard, peers: Peers) -> list[HTTPRouteHandler]:
    """The route handler. Live sessions are also those of ``peers``."""

    @get(PATH, guards=[guard], opt=described("The server's state and load", "kouyu", data=Status))
    async def status(request: Request[Any, Any, Any]) -> Response[bytes]:
        own = await state.status(request.user.owner, peers.own_address)
        told = await peers.told(request, PATH)
        if not peers.passed_on(request.scope):
            own = _of_all(own, await state.siblings.processes())
        return answer_success(request, _with(own, told, peers))

    return [status]


def _of_all(own: Status, processes: Sequence[ServerProcess]) -> Status:
    """The status with the load of all processes of the server."""
    if not processes:
        return own
    return msgspec.structs.replace(
        own,
        uptime_s=next((each.uptime_s for each in processes if each.role == "parent"), own.uptime_s),
        scheduler=all_work(each.scheduler for each in processes),
        memory=_Memory(sum(each.resident_bytes for each in processes) or own.memory.resident_bytes),
        event_loop_held=all_holds(each.event_loop_held for each in processes),
        processes=processes,
    )


def _with(own: Status, others: Sequence[Told], peers: Peers) -> Status:
    """The status with what other servers, and other processes of this one, have told of theirs."""
    address = peers.own_address
    if not address:
        return own
    live = list(own.live)
    servers = [
        SharingServer(address=address, version=own.version, sessions=own.sessions, max_sessions=own.max_sessions)
    ]
    known = {own.instance} - {""}
    for told in others:
        try:
            part = msgspec.convert(told.data, _Part)
        except msgspec.ValidationError:  # it did not answer, or is of another kouyu
            servers.append(SharingServer(address=told.server.address))
            continue
        live += part.live
        if part.instance in known:  # a further process of a server that is listed
            continue
        known |= {part.instance} - {""}
        servers.append(
            SharingServer(
                address=told.server.address,
                version=part.version,
                sessions=part.sessions,
                max_sessions=part.max_sessions,
            )
        )
    return msgspec.structs.replace(own, live=live, servers=servers if peers.has_servers else ())


def _resident_bytes() -> int:
    """Resident memory of this process in bytes; its peak where the system gives no present value (macOS)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return pages * os.sysconf("SC_PAGE_SIZE")
