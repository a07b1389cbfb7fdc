"""Loads several things at the same time, and says in the log what a slow start waits for."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import Any, Final, TypeVar

T = TypeVar("T")

FIRST_SAID_S: Final = 5.0
"""A start on an idle machine takes less; a user who waits longer wants to know for what."""

log = logging.getLogger(__name__)


async def all_or_first_error(work: Mapping[str, Awaitable[Any]]) -> list[Any]:
    """Return the results in order. When one fails, cancel and await the others, and raise its error alone.

    Where it takes long, the log names those that are not done: after ``FIRST_SAID_S``, then each time twice as late.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(_awaited(one)) for name, one in work.items()}
            telling = group.create_task(_say_what_is_loading(tasks))
            await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_EXCEPTION)
            telling.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks.values()]


async def _say_what_is_loading(tasks: Mapping[str, asyncio.Task[Any]]) -> None:
    passed, until = 0.0, FIRST_SAID_S
    while True:
        await asyncio.sleep(until - passed)
        passed, until = until, 2 * until
        log.info(
            "still loading after %g s: %s", passed, ", ".join(name for name, task in tasks.items() if not task.done())
        )


async def _awaited(work: Awaitable[T]) -> T:
    return await work
