"""Draining: a server that stops begins no conversation, and lets the turns in progress end."""

import asyncio
import contextlib
import logging
from typing import Final

from kouyu.server.access.sessions import Sessions
from kouyu.serving.turns_in_progress import TurnsInProgress
from kouyu.text_chats.text_chats import TextChats

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 0.1


async def drain(
    sessions: Sessions,
    turns: TurnsInProgress,
    chats: TextChats | None,
    *,
    limit_s: float,
    at_once: asyncio.Event,
    close_s: float,
) -> None:
    """Refuse new sessions and chats; close each connection with 1001 as soon as it has no turn in progress.

    Returns when no session and no text chat runs any more, after ``limit_s`` seconds, or when ``at_once`` is set. A
    client that does not read the close frame within ``close_s`` seconds gets none.
    """

    def running() -> int:
        return sessions.running + (chats.running if chats is not None else 0)

    sessions.refuse_new()
    if chats is not None:
        chats.refuse_new()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await sessions.close_those_without(turns.on, close_s)
            if left := running():
                log.info("stopping: waiting up to %g s for the turns of %d conversations to end", limit_s, left)
            while running() and not at_once.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(at_once.wait(), _LOOK_EVERY_S)
                await sessions.close_those_without(turns.on, close_s)
