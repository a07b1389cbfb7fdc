"""Reconnection of a client after a drop: the state that a session takes over, and the state that it leaves."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kouyu.conversation.conversation import Conversation
from kouyu.domain.configuration import Configuration
from kouyu.serving.redials import ConnectionState, Redials
from kouyu.serving.socket import Socket
from kouyu.store.errors import StoreError
from kouyu.store.lost_connections import LostConnections

log = logging.getLogger(__name__)


class Redialing:
    """A LiveConnection. ``client`` identifies the client across reconnections; "": it cannot be identified, and no
    state is kept."""

    def __init__(
        self,
        redials: Redials,
        lost: LostConnections,
        client: str,
        *,
        socket: Socket,
        conversation: Conversation,
        clock: Callable[[], float],
    ) -> None:
        self._redials = redials
        self._lost = lost
        self._client = client
        self._socket = socket
        self._conversation = conversation
        self._clock = clock
        self._heard_from_at = 0.0
        self._gave_way = False
        self._ended = asyncio.Event()

    def heard_from(self) -> None:
        """Note that the client sent something."""
        self._heard_from_at = self._clock()

    @contextmanager
    def live(self) -> Iterator[None]:
        """Let other sessions take over this one while the block runs."""
        with self._redials.live(self._client, self):
            try:
                yield
            finally:
                self._ended.set()

    async def taken_over(self) -> ConnectionState | None:
        """The state of the client's lost connection; None if there is none."""
        if not self._client:
            return None
        try:
            return await self._redials.take(self._lost, self._client, self, self._clock())
        except StoreError as fault:
            log.warning("looking for the client's lost connection failed: %s", fault)
            return None

    async def leave(self) -> None:
        """Save the session's state at its end, if its client may reconnect."""
        state = self.state()
        if not self._client or state is None or self._socket.said_goodbye or self._gave_way:
            return
        try:
            await self._redials.keep(self._lost, self._client, state)
        except StoreError as fault:
            log.warning("saving the state of a lost connection failed: %s", fault)

    def state(self) -> ConnectionState | None:
        """The state that another session may take over; None if the client has requested nothing."""
        talk = self._conversation
        if talk.requested == Configuration():
            return None
        return ConnectionState(talk.requested, talk.conversation_id, talk.section_id)

    def silent_s(self) -> float:
        """Seconds since the client last sent something."""
        return self._clock() - self._heard_from_at

    async def give_way(self) -> None:
        """End the session, because the client reconnected. Returns when its last messages have been saved."""
        self._gave_way = True
        await self._socket.close(1000, "the client has dialled again")
        await self._ended.wait()
