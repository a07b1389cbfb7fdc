"""Measures how long the server takes to process a frame of audio.

The load generator writes the time of sending into the event's ``id``, on the monotonic clock, which all processes of
one machine share. A frame is processed when the session requests the next message: it has been parsed, decoded, passed
to VAD, and everything that follows from it has been done.
"""

import time
from typing import Final

from kouyu.serving.socket import Socket

_PREFIX: Final = '{"id":"sent-'
APPEND: Final = _PREFIX + '%d","event_type":"input_audio_buffer.append","data":{"delta":"%s"}}'
"""An append event, to be filled in with the time in ns and the audio in base64."""


def sent_at(message: str | bytes | None) -> int | None:
    """The time of sending in ns in a message; None if it has none."""
    if not isinstance(message, str) or not message.startswith(_PREFIX):
        return None
    digits = message[len(_PREFIX) : message.index('"', len(_PREFIX))]
    return int(digits)


class MeasuredSocket:
    """A Socket that records, for each frame, the ms from sending to the end of its processing."""

    def __init__(self, socket: Socket, lags_ms: list[float]) -> None:
        self._socket = socket
        self._lags_ms = lags_ms
        self._sent: int | None = None

    @property
    def said_goodbye(self) -> bool:
        """As the socket inside."""
        return self._socket.said_goodbye

    async def receive(self) -> str | bytes | None:
        """The next message; the one before has been processed."""
        if self._sent is not None:
            self._lags_ms.append((time.monotonic_ns() - self._sent) / 1e6)
        message = await self._socket.receive()
        self._sent = sent_at(message)
        return message

    async def send(self, text: str) -> None:
        """As the socket inside."""
        await self._socket.send(text)

    async def close(self, code: int, reason: str) -> None:
        """As the socket inside."""
        await self._socket.close(code, reason)
