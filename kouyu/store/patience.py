"""Repeats work on a database that is away, such as one that restarts, for as long as the settings allow."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from kouyu.store import dialect

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0

T = TypeVar("T")


async def patiently(work: Callable[[], Awaitable[T]], *, until: float, what: str) -> T:
    """Do ``work``, again and again while the database is away, until ``until`` of the monotonic clock.

    The first repetition is at once: the pool may hold connections that an idle database has closed. ``what`` is for the
    log: what waits. Raises what ``work`` raises.
    """
    pause_s = 0.0
    while True:
        try:
            return await work()
        except (SQLAlchemyError, OSError) as error:
            if not dialect.is_away(error) or time.monotonic() + pause_s >= until:
                raise
            if pause_s == _FIRST_PAUSE_S:
                log.warning("the database is away (%s); %s waits", dialect.reason(error), what)
        await asyncio.sleep(pause_s)
        pause_s = min(_LONGEST_PAUSE_S, pause_s * 2 or _FIRST_PAUSE_S)
