"""Runs one connection to any audio endpoint: reads and sends its events until the client disconnects."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, TypeAlias

import msgspec

from kouyu.conversation.effects import Hint
from kouyu.conversation.hints import Hints
from kouyu.domain.errors import INTERNAL_MSG, ProtocolError
from kouyu.domain.ids import new_event_id
from kouyu.protocol.coze.audio_endpoint_downlink import AudioEvent, audio_error
from kouyu.protocol.coze.audio_endpoint_uplink import (
    AudioEndpointName,
    AudioUpdate,
    AudioUplinkEvent,
    parse_audio_event,
)
from kouyu.protocol.coze.chat_wire import WORDS
from kouyu.protocol.coze.downlink import encode
from kouyu.protocol.coze.uplink import UnknownEvent
from kouyu.protocol.coze.uplink_envelope import origin_message
from kouyu.serving.socket import Socket, SocketClosed

log = logging.getLogger(__name__)


Send: TypeAlias = Callable[[AudioEvent], Awaitable[None]]
"""Sends an event, after those sent before. Waits while the client does not read. Raises SocketClosed."""


class AudioEndpoint(Protocol):
    """Handles the events of one client."""

    async def start(self) -> None:
        """Send the event that the connection is ready."""
        ...

    async def take(self, event: AudioUplinkEvent) -> None:
        """Handle an event; the next one is read when this returns. Raises ProtocolError if the event is at fault."""
        ...

    async def work(self) -> None:
        """Run the endpoint's background work until cancelled."""
        ...

    def close(self) -> None:
        """Free codecs. No call follows."""
        ...


async def run_audio_session(
    socket: Socket, name: AudioEndpointName, open_endpoint: Callable[[Send], AudioEndpoint], *, log_id: str
) -> None:
    """Serve one client until it disconnects. The socket is accepted already, and closed here only on an internal error.

    Raises nothing but cancellation.
    """
    try:
        await _serve(socket, name, open_endpoint, log_id)
    except* SocketClosed:
        pass
    except* Exception:  # the session's boundary: the other sessions must not notice
        log.exception("%s: the session failed", log_id)
        await socket.close(1011, INTERNAL_MSG)


async def _serve(
    socket: Socket, name: AudioEndpointName, open_endpoint: Callable[[Send], AudioEndpoint], log_id: str
) -> None:
    one_at_a_time = asyncio.Lock()

    async def send(event: AudioEvent) -> None:
        async with one_at_a_time:
            unix_ms = time.time_ns() // 1_000_000
            await socket.send(encode(event, event_id=new_event_id(), log_id=log_id, unix_ms=unix_ms))

    endpoint = open_endpoint(send)
    try:
        await endpoint.start()
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(endpoint.work(), name=name)
            await _read(socket, name, endpoint, send, log_id)
            work.cancel()
    finally:
        endpoint.close()


async def _read(socket: Socket, name: AudioEndpointName, endpoint: AudioEndpoint, send: Send, log_id: str) -> None:
    hints = Hints(WORDS)
    while (message := await socket.receive()) is not None:
        try:
            match parse_audio_event(name, message):
                case UnknownEvent(event_type=event_type):
                    _log_hints(log_id, hints.unknown_event(event_type, meant=""))
                case AudioUpdate() as update:
                    await endpoint.take(msgspec.structs.replace(update, origin_message=origin_message(message)))
                case event:
                    await endpoint.take(event)
        except ProtocolError as fault:
            await send(audio_error(fault.code, fault.msg, origin_message(message)))
            _log_hints(log_id, hints.refused(fault))


def _log_hints(log_id: str, hints: Iterable[Hint]) -> None:
    for hint in hints:
        log.warning("%s: %s", log_id, hint.message)
