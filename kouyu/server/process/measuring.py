"""Connects the server's metrics with the parts that they are read from."""

from collections import Counter

from kouyu.diagnostics.loop_watchdog import LoopWatchdog
from kouyu.metrics.readings import Readings
from kouyu.server.access.sessions import Sessions
from kouyu.serving.services import Services
from kouyu.store.store import Store
from kouyu.text_chats.text_chats import TextChats


def measure(
    services: Services, store: Store, sessions: Sessions, chats: TextChats | None, watchdog: LoopWatchdog
) -> None:
    """Feed ``services.metrics`` from these parts. Call it once."""

    def read() -> Readings:
        load, holds = services.scheduler.load, watchdog.holds
        return Readings(
            sessions=sessions.running,
            max_sessions=sessions.limit,
            refused=sessions.refused + (chats.refused if chats is not None else Counter()),
            load=services.overload.level,
            busy=services.overload.busy,
            is_overloaded=services.overload.is_high,
            text_chats=chats.running if chats is not None else 0,
            waiting=load.waiting,
            running=load.running,
            oldest_wait_s=load.oldest_wait,
            engine_busy_s=services.scheduler.busy_s,
            loop_lag_s=services.overload.loop_lag_s,
            loop_blocked=holds.count,
            loop_longest_s=holds.longest_ms / 1000,
        )

    store.observe_writes(services.metrics.store_write.observe)
    services.metrics.read(read)
