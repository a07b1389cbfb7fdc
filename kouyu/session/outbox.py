"""The ordered queue of events to the client."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from kouyu.conversation.effects import Send
from kouyu.conversation.inputs import PacketGone
from kouyu.domain.events import Event, SpeechDelta
from kouyu.protocol.wire import Wire
from kouyu.serving.recorder import Recorder
from kouyu.serving.socket import Socket

MOST_WAITING_BYTES: Final = 32 * 1024 * 1024
"""Bytes that may wait for a client that does not read. Beyond that the connection is closed."""

_EVENT_BYTES: Final = 500


class _Waiting(msgspec.Struct, frozen=True):
    """An event in the form of the protocol, for audio; for all else the text. ``sent`` is what it tells of, with the
    last event that does. ``may_be_dropped``: it is audio of the output, which an interruption drops."""

    told: Any
    ticket: int
    sent: Send | None
    size: int
    is_audio: bool
    may_be_dropped: bool


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
        wire: Wire[Any],
        report: Callable[[PacketGone], None],
        count_audio: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._socket = socket
        self._recorder = recorder
        self._wire = wire
        self._report = report
        self._count_audio = count_audio
        self._waiting: deque[_Waiting] = deque()
        self._dropped: list[int] = []
        self._waiting_bytes = 0
        self._changed = asyncio.Event()

    def put(self, sent: Send) -> None:
        """Queue what the protocol tells of an event. Raises ClientTooSlow if more than MOST_WAITING_BYTES wait."""
        told = self._wire.told(sent.event)
        if told:
            for one in told[:-1]:
                self._append(self._waiting_for(one, sent, is_last=False))
            self._append(self._waiting_for(told[-1], sent, is_last=True))
        elif sent.packet is not None:
            self._dropped.append(sent.packet)
            self._changed.set()

    def answer(self, told: Any) -> None:
        """Queue an event in the form of the protocol, which answers by itself. Raises ClientTooSlow, as ``put``."""
        self._append(self._as_text(told, None))

    def _waiting_for(self, told: Any, sent: Send, *, is_last: bool) -> _Waiting:
        reported = sent if is_last else None
        if sent.sounding is None:
            return self._as_text(told, reported)
        size = _size(sent.event) if is_last else _EVENT_BYTES
        return _Waiting(told, self._recorder.ticket, reported, size, is_audio=True, may_be_dropped=not sent.apart)

    def _as_text(self, told: Any, reported: Send | None) -> _Waiting:
        """Encoded now, since only the text tells how much memory it takes: a client may have the server repeat much."""
        text = self._wire.encoded(told)
        size = _EVENT_BYTES + len(text)
        return _Waiting(text, self._recorder.ticket, reported, size, is_audio=False, may_be_dropped=False)

    def _append(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        self._waiting_bytes += waiting.size
        self._changed.set()
        if self._waiting_bytes > MOST_WAITING_BYTES:
            raise ClientTooSlow

    def saved(self) -> None:
        """Note that the recorder has a new record, which must be written even if no event follows."""
        self._changed.set()

    def drop_waiting_audio(self) -> None:
        """Drop audio of the output that has not been sent, after an interruption."""
        dropped = [waiting.sent for waiting in self._waiting if waiting.may_be_dropped and waiting.sent is not None]
        self._dropped.extend(sent.packet for sent in dropped if sent.packet is not None)
        self._waiting = deque(waiting for waiting in self._waiting if not waiting.may_be_dropped)
        self._waiting_bytes = sum(waiting.size for waiting in self._waiting)
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
        self._waiting_bytes -= waiting.size
        await self._recorder.written(waiting.ticket)
        await self._socket.send(self._wire.encoded(waiting.told) if waiting.is_audio else waiting.told)
        sent = waiting.sent
        if sent is None:
            return
        if sent.sounding is not None:
            self._count_audio(sent.sounding.duration_ms / 1000)
        if sent.packet is not None:
            self._report(PacketGone(sent.packet))

    def _tell_of_dropped(self) -> None:
        dropped, self._dropped = self._dropped, []
        for packet in dropped:
            self._report(PacketGone(packet, dropped=True))


def _size(event: Event) -> int:
    audio = event.audio if isinstance(event, SpeechDelta) else b""
    return _EVENT_BYTES + len(audio) * 4 // 3  # base64
