"""Connects the server's metrics with the parts that they are read from."""

from collections import Counter
from collections.abc import Callable, Mapping

from kouyu.diagnostics.child_processes import ProcessUse
from kouyu.diagnostics.loop_watchdog import LoopWatchdog
from kouyu.metrics.readings import Readings
from kouyu.metrics.recent_metrics import RecentMetrics
from kouyu.server.access.sessions import Sessions
from kouyu.serving.services import Services
from kouyu.store.store import Store
from kouyu.text_chats.text_chats import TextChats


def measure(
    services: Services,
    store: Store,
    sessions: Sessions,
    chats: TextChats | None,
    watchdog: LoopWatchdog,
    language_model: Callable[[], int | None],
) -> RecentMetrics:
    """Feed ``services.metrics`` from these parts, and return what keeps its last minutes. Call it once.

    ``language_model`` returns the id of its process.
    """

    def read() -> Readings:
        load, holds = services.scheduler.load, watchdog.holds
        return Readings(
            sessions=sessions.running,
            max_sessions=sessions.limit,
            turns=services.turns_in_progress.count,
            refused=sessions.refused + (chats.refused if chats is not None else Counter()),
            load=services.overload.level,
            busy=services.overload.busy,
            is_overloaded=services.overload.is_high,
            text_chats=chats.running if chats is not None else 0,
            waiting=load.waiting,
            running=load.running,
            oldest_wait_s=load.oldest_wait,
            engine_busy_s=services.scheduler.busy_s,
            child_processes=uses_by_name(services.overload.child_processes.uses.of, language_model()),
            loop_lag_s=services.overload.loop_lag_s,
            loop_blocked=holds.count,
            loop_longest_s=holds.longest_ms / 1000,
        )

    store.observe_writes(services.metrics.store_write.observe)
    services.metrics.read(read)
    return RecentMetrics(services.metrics, read)


def uses_by_name(children: Mapping[int, ProcessUse], language_model: int | None) -> dict[str, ProcessUse]:
    """What the language model's process uses, and all other ``children`` together."""
    uses: dict[str, ProcessUse] = {}
    for child, use in children.items():
        name = "language_model" if child == language_model else "other"
        so_far = uses.get(name, ProcessUse(0.0, 0))
        uses[name] = ProcessUse(so_far.processor_s + use.processor_s, so_far.resident_bytes + use.resident_bytes)
    return uses
