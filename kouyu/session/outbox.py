"""The ordered queue of events to the client."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from kouyu.conversation.effects import Send
from kouyu.conversation.inputs import PacketGone
from kouyu.domain.ids import new_event_id
from kouyu.domain.messages import Message
from kouyu.protocol.coze.downlink import DownlinkEvent, encode
from kouyu.serving.recorder import Recorder
from kouyu.serving.socket import Socket

MOST_WAITING_BYTES: Final = 32 * 1024 * 1024
"""Bytes that may wait for a client that does not read. Beyond that the connection is closed."""

_EVENT_BYTES: Final = 500


class _Waiting(msgspec.Struct, frozen=True):
    sent: Send
    ticket: int


class ClientTooSlow(Exception):
    """The client does not read, and more than MOST_WAITING_BYTES wait for it."""


class Outbox:
    """Sends events to the client in order, each after the records that it reports are on disk.

    ``report`` is called with PacketGone for each numbered packet, once it was written to the socket or dropped,
    ``count_audio`` with the seconds of each that was written.
    """

    def __init__(
        self,
        socket: Socket,
        recorder: Recorder,
        *,
        log_id: str,
        report: Callable[[PacketGone], None],
        count_audio: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._socket = socket
        self._recorder = recorder
        self._log_id = log_id
        self._report = report
        self._count_audio = count_audio
        self._waiting: deque[_Waiting] = deque()
        self._dropped: list[int] = []
        self._waiting_bytes = 0
        self._changed = asyncio.Event()

    def put(self, sent: Send) -> None:
        """Queue an event. Raises ClientTooSlow if more than MOST_WAITING_BYTES wait."""
        self._waiting.append(_Waiting(sent, self._recorder.ticket))
        self._waiting_bytes += _size(sent.event)
        self._changed.set()
        if self._waiting_bytes > MOST_WAITING_BYTES:
            raise ClientTooSlow

    def saved(self) -> None:
        """Note that the recorder has a new record, which must be written even if no event follows."""
        self._changed.set()

    def drop_waiting_audio(self) -> None:
        """Drop audio that has not been sent, after an interruption."""
        dropped = [waiting.sent for waiting in self._waiting if waiting.sent.sounding is not None]
        self._dropped.extend(sent.packet for sent in dropped if sent.packet is not None)
        self._waiting = deque(waiting for waiting in self._waiting if waiting.sent.sounding is None)
        self._waiting_bytes = sum(_size(waiting.sent.event) for waiting in self._waiting)
        self._changed.set()

    async def run(self) -> None:
        """Send queued events until cancelled. Raises SocketClosed when the client disconnects, StoreError when saving
        fails."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._tell_of_dropped()
            while self._waiting:
                await self._send(self._waiting.popleft())
                self._tell_of_dropped()
            await self._recorder.written(self._recorder.ticket)

    async def _send(self, waiting: "_Waiting") -> None:
        event, packet = waiting.sent.event, waiting.sent.packet
        self._waiting_bytes -= _size(event)
        await self._recorder.written(waiting.ticket)
        unix_ms = time.time_ns() // 1_000_000
        await self._socket.send(encode(event, event_id=new_event_id(), log_id=self._log_id, unix_ms=unix_ms))
        if waiting.sent.sounding is not None:
            self._count_audio(waiting.sent.sounding.duration_ms / 1000)
        if packet is not None:
            self._report(PacketGone(packet))

    def _tell_of_dropped(self) -> None:
        dropped, self._dropped = self._dropped, []
        for packet in dropped:
            self._report(PacketGone(packet, dropped=True))


def _size(event: DownlinkEvent) -> int:
    return _EVENT_BYTES + (len(event.data.content) if isinstance(event.data, Message) else 0)
