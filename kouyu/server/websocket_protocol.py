"""uvicorn's WebSocket protocol, with three things put right.

Header names of the handshake's answer go out as they are spelled: coze-js searches the raw answer for ``X-Tt-Logid``,
case-sensitively (websocket.md 1.7), and uvicorn writes it in lower case. And a client that answers no ping is cut off,
even where it has stopped reading: else its connection, and its session's place, would wait for TCP to give up. And
reading goes on while a few short messages wait: uvicorn stops it after each one and begins it again, which costs more
than to read a frame of audio.
"""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Response

from kouyu.protocol.ids import new_log_id
from kouyu.server.edge import LOG_ID_HEADER

LAST_WORDS_S = 1.0
"""Seconds for the close frame to reach a client that answers no ping."""


READ_AHEAD = 8
"""Messages that may wait for the session before reading stops."""
READ_AHEAD_BYTES = 64 * 1024
"""A message longer than this stops reading at once."""


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Give it to uvicorn as ``ws``."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._send_response = self.conn.send_response
        self.conn.send_response = self._send_response_with_log_id  # type: ignore[method-assign]

    async def send(self, message: Any) -> None:
        """As the base class, but the headers of the accepting answer are set here."""
        if message["type"] == "websocket.accept" and not self.handshake_complete:
            for name, value in message.get("headers", ()):
                self.response.headers[name.decode("latin-1")] = value.decode("latin-1")
            message = {**message, "headers": []}
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True  # the base class forgets it, and then complains of a missing answer

    def send_receive_event_to_app(self) -> None:
        """As the base class, which stops reading where ``read_paused`` does not say that it has stopped already."""
        is_short = sum(map(len, self.frames)) <= READ_AHEAD_BYTES
        reads_on = is_short and not self.read_paused and self.queue.qsize() < READ_AHEAD
        if reads_on:
            self.read_paused = True
        super().send_receive_event_to_app()
        if reads_on:
            self.read_paused = False

    def keepalive_timeout(self) -> None:
        """As the base class, which lets the transport try for ever to send what is buffered."""
        super().keepalive_timeout()
        self.loop.call_later(LAST_WORDS_S, self.transport.abort)

    def _send_response_with_log_id(self, response: Response) -> None:
        """uvicorn answers a malformed handshake by itself; that answer gets a log id here."""
        if LOG_ID_HEADER not in response.headers:
            response.headers[LOG_ID_HEADER] = new_log_id()
        self._send_response(response)
