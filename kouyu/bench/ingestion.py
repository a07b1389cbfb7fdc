"""How long a frame of audio waits before the server has taken it in.

The load generator writes the time of sending into the event's ``id``, on the monotonic clock, which all processes of
one machine share. A frame counts as taken in when the session asks for the next message: parsed, decoded, handed to
voice activity, and everything done that follows from it.
"""

import time
from typing import Final

from kouyu.serving.socket import Socket

_PREFIX: Final = '{"id":"sent-'
APPEND: Final = _PREFIX + '%d","event_type":"input_audio_buffer.append","data":{"delta":"%s"}}'
"""An append event, to be filled in with the time in ns and the audio in base64."""


def sent_at(message: str | bytes | None) -> int | None:
    """The time in ns that is written into a message; None where there is none."""
    if not isinstance(message, str) or not message.startswith(_PREFIX):
        return None
    digits = message[len(_PREFIX) : message.index('"', len(_PREFIX))]
    return int(digits)


class MeasuredSocket:
    """A Socket that notes, for each frame, the ms from its sending to its having been taken in."""

    def __init__(self, socket: Socket, lags_ms: list[float]) -> None:
        self._socket = socket
        self._lags_ms = lags_ms
        self._sent: int | None = None

    @property
    def said_goodbye(self) -> bool:
        """As the socket inside."""
        return self._socket.said_goodbye

    async def receive(self) -> str | bytes | None:
        """The next message; the one before has been taken in."""
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
