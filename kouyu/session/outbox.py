"""The ordered way out to the client."""

import asyncio
import time
from collections import deque
from typing import Final

from kouyu.protocol.downlink import DownlinkEvent, Message, encode
from kouyu.protocol.ids import new_event_id
from kouyu.speech.recorder import Recorder
from kouyu.speech.socket import Socket

MOST_WAITING_BYTES: Final = 32 * 1024 * 1024
"""What may wait for a client that does not read. Beyond that the connection is given up."""

_EVENT_BYTES: Final = 500


class ClientTooSlow(Exception):
    """The client has not read what was sent, and too much waits for it."""


class Outbox:
    """Events on their way to the client, each after what it tells of is on disk. Sends until cancelled."""

    def __init__(self, socket: Socket, recorder: Recorder, *, log_id: str) -> None:
        self._socket = socket
        self._recorder = recorder
        self._log_id = log_id
        self._waiting: deque[tuple[DownlinkEvent, int]] = deque()
        self._waiting_bytes = 0
        self._changed = asyncio.Event()

    def put(self, event: DownlinkEvent) -> None:
        """Take an event; it goes out after everything put before. Raises ClientTooSlow when too much waits."""
        self._waiting.append((event, self._recorder.ticket))
        self._waiting_bytes += _size(event)
        self._changed.set()
        if self._waiting_bytes > MOST_WAITING_BYTES:
            raise ClientTooSlow

    def saved(self) -> None:
        """A record was given to the recorder: it is written though no event may tell of it."""
        self._changed.set()

    def drop_waiting_audio(self) -> None:
        """Throw away audio that has not left yet: the user has interrupted it."""
        kept = [(event, ticket) for event, ticket in self._waiting if event.event_type != "conversation.audio.delta"]
        self._waiting = deque(kept)
        self._waiting_bytes = sum(_size(event) for event, _ in kept)

    async def run(self) -> None:
        """Send what is put. Raises SocketClosed when the client is gone, StoreError when saving fails."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._waiting:
                event, ticket = self._waiting.popleft()
                self._waiting_bytes -= _size(event)
                await self._recorder.written(ticket)
                unix_ms = time.time_ns() // 1_000_000
                await self._socket.send(encode(event, event_id=new_event_id(), log_id=self._log_id, unix_ms=unix_ms))
            await self._recorder.written(self._recorder.ticket)


def _size(event: DownlinkEvent) -> int:
    return _EVENT_BYTES + (len(event.data.content) if isinstance(event.data, Message) else 0)
