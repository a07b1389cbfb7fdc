"""Measures how long the server takes to process a frame of audio.

The load generator writes the time of sending into the event's ``id``, on the monotonic clock, which all processes of
one machine share. A frame is processed when the session has taken it in, or requests the next message: it has been
parsed, and decoded and passed to VAD if it completes a chunk.
"""

import time
from typing import Final

from kouyu.serving.socket import Socket, Take

_PREFIX: Final = '{"id":"sent-'
APPEND: Final = _PREFIX + '%d","event_type":"input_audio_buffer.append","data":{"delta":"%s"}}'
"""An append event, to be filled in with the time in ns and the audio in base64."""


def sent_at(message: str | bytes | None) -> int | None:
    """The time of sending in ns in a message; None if it has none."""
    text = message.decode() if isinstance(message, bytes) else message
    if text is None or not text.startswith(_PREFIX):
        return None
    return int(text[len(_PREFIX) : text.index('"', len(_PREFIX))])


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

    async def receive(self, take: Take | None = None) -> str | bytes | None:
        """The next message; the one before has been processed."""
        self._record(self._sent)
        message = await self._socket.receive(self._recorded(take) if take is not None else None)
        self._sent = sent_at(message)
        return message

    def _recorded(self, take: Take) -> Take:
        def recorded(message: str | bytes) -> bool:
            taken = take(message)
            if taken:
                self._record(sent_at(message))
            return taken

        return recorded

    def _record(self, sent: int | None) -> None:
        if sent is not None:
            self._lags_ms.append((time.monotonic_ns() - sent) / 1e6)

    async def send(self, text: str) -> None:
        """As the socket inside."""
        await self._socket.send(text)

    async def close(self, code: int, reason: str) -> None:
        """As the socket inside."""
        await self._socket.close(code, reason)
