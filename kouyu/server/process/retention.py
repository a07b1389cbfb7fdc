"""Deletes what is older than the settings allow, while the server runs."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Final

from kouyu.settings.all_settings import Settings
from kouyu.store.data_counts import DataCounts
from kouyu.store.errors import StoreError
from kouyu.store.store import Store

log = logging.getLogger(__name__)

EVERY_S: Final = 3600.0
"""How often it is looked for, in seconds."""
_DAY_S: Final = 86_400


async def enforce_once(store: Store, settings: Settings, live: Collection[str], now: float) -> DataCounts:
    """Delete what is too old at the Unix time ``now``, and log how much that was. Raises StoreError."""
    deleted, retention = DataCounts(), settings.retention
    await store.session_records.forget(settings.recording.bounds, now)
    if retention.conversations_days:
        deleted = await store.forget_before(int(now) - retention.conversations_days * _DAY_S, live)
        if deleted != DataCounts():
            log.info("deleted what is older than %d days: %s", retention.conversations_days, deleted)
    await store.audit.forget_before(int(now) - retention.audit_days * _DAY_S)
    return deleted


def as_async(live: Callable[[], Collection[str]]) -> Callable[[], Awaitable[Collection[str]]]:
    """A function that is awaited, of one that is not."""

    async def awaited() -> Collection[str]:
        return live()

    return awaited


@contextlib.asynccontextmanager
async def retention_enforced(
    store: Store, settings: Callable[[], Settings], live: Callable[[], Awaitable[Collection[str]]]
) -> AsyncIterator[None]:
    """Delete what is too old at the beginning of the block and every EVERY_S after. ``settings``
    returns those in force, ``live`` the ids of the conversations that clients are connected to."""

    async def enforce() -> None:
        while True:
            try:
                await enforce_once(store, settings(), await live(), time.time())
            except StoreError as error:
                log.error("what is too old could not be deleted: %s", error)
            await asyncio.sleep(EVERY_S)

    task = asyncio.create_task(enforce(), name="retention")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
