"""uvicorn's WebSocket protocol, with some things put right.

- **Header names** of the handshake's answer go out as they are spelled: coze-js searches the raw answer for
  ``X-Tt-Logid``, case-sensitively (websocket.md 1.7), and uvicorn writes it in lower case.
- **A handshake that cannot be read** (by POST, or with a header line beyond 8 KiB) is refused; uvicorn leaves it
  without an answer, and its connection open for ever.
- **A client that answers no ping** is cut off, even where it has stopped reading: else its connection, and its
  session's place, would wait for TCP to give up. But not one whose answer may stand behind what the session has not
  read yet, because it slows the client down.
- **Reading goes on** while a few short messages wait: uvicorn stops it after each one and begins it again, which costs
  more than to read a frame of audio.
- **A lost connection** is told from a closed one (1006 and 1005).
- **Nothing piles up** for a client that sends pings and does not read the pongs, or a message in a million fragments.
- **Text that is no UTF-8** is a line in the log, also in front of a close frame; uvicorn writes a traceback. So it does
  for a client that closes or breaks the protocol before its handshake is answered, and for one whose close frame has
  just been answered when the server stops.
"""

import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Response
from websockets.protocol import State

from kouyu.protocol.ids import new_log_id
from kouyu.server.access.access_middleware import LOG_ID_HEADER

log = logging.getLogger(__name__)

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
        self._pongs_owed = b""
        self._heard_since_ping = False
        self._joined: bytearray | None = None
        """The fragments of a message so far, from the second one on."""

    def data_received(self, data: bytes) -> None:
        """As the base class, and refuse a handshake that cannot be read."""
        self._heard_since_ping = True
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None and not self.close_sent:
            self.handshake_complete = self.close_sent = True
            refusal = self.conn.reject(400, "Failed to open a WebSocket connection: the request cannot be read.\n")
            refusal.headers[LOG_ID_HEADER] = new_log_id()
            self.transport.write(refusal.serialize())
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """As the base class, which reports a connection that was lost as one that was closed without a code."""
        if self.handshake_complete and self.conn.close_rcvd is None:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": ""})
        super().connection_lost(exc)

    async def send(self, message: Any) -> None:
        """As the base class, but the headers of the accepting answer are set here."""
        if message["type"] == "websocket.accept" and not self.handshake_complete:
            for name, value in message.get("headers", ()):
                self.response.headers[name.decode("latin-1")] = value.decode("latin-1")
            message = {**message, "headers": []}
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True  # the base class forgets it, and then complains of a missing answer

    def handle_cont(self, event: Frame) -> None:
        """As the base class, but fragments are joined as they come."""
        if self._joined is None:
            self._joined = bytearray(self.frames[0])
        self._joined += event.data
        if event.fin:
            self.frames, self._joined = [bytes(self._joined)], None
            self.send_receive_event_to_app()

    def handle_close(self, event: Frame) -> None:
        """As the base class, which takes a close frame before the handshake is answered for an orderly end."""
        if self.handshake_complete:
            super().handle_close(event)
        else:
            self._give_up_handshake()

    def handle_parser_exception(self) -> None:
        """As the base class, which expects that a close frame was sent; none is before the handshake's answer."""
        if self.handshake_complete:
            super().handle_parser_exception()
        else:
            self._give_up_handshake()

    def shutdown(self) -> None:
        """As the base class, which sends a close frame although the client's own has just been answered."""
        if self.handshake_complete and self.conn.state is not State.OPEN:
            self.stop_keepalive()
            self.transport.close()
        else:
            super().shutdown()

    def _give_up_handshake(self) -> None:
        """The client broke the protocol, or closed, before its handshake was answered: there is nobody to answer."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": ""})
        self.handshake_complete = self.close_sent = self.disconnected = True
        self.transport.close()

    def handle_ping(self) -> None:
        """As the base class, but while nothing more can be written the last pongs alone are kept for later."""
        if self.writable.is_set():
            super().handle_ping()
        elif pongs := b"".join(self.conn.data_to_send()):
            self._pongs_owed = pongs

    def resume_writing(self) -> None:
        """As the base class; then the pongs that are owed go out."""
        super().resume_writing()
        if self._pongs_owed:
            pongs, self._pongs_owed = self._pongs_owed, b""
            self.transport.write(pongs)  # which may stop the writing again

    def send_receive_event_to_app(self) -> None:
        """As the base class, which stops reading after every message, and logs text that is no UTF-8 as a fault."""
        (data,) = self.frames
        self.frames = []
        if self.close_sent:
            return
        try:
            if self.curr_msg_data_type == "text":
                self.queue.put_nowait({"type": "websocket.receive", "text": data.decode()})
            else:
                self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        except UnicodeDecodeError:
            log.info("a client sent text that is no UTF-8; its connection is closed")
            if self.conn.state is State.OPEN:  # a close frame of the client's may stand behind it
                self.conn.send_close(1007, "text that is no UTF-8")
            self.handle_parser_exception()
            return
        reads_on = len(data) <= READ_AHEAD_BYTES and self.queue.qsize() <= READ_AHEAD
        if not reads_on and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def send_keepalive_ping(self) -> None:
        """As the base class."""
        self._heard_since_ping = False
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        """As the base class, which lets the transport try for ever to send what is buffered.

        A client that reads, and that is not listened to or has sent something, is waited for as long again.
        """
        if self.writable.is_set() and (self.read_paused or self._heard_since_ping):
            assert self.ping_timeout is not None
            self._heard_since_ping = False
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
            return
        super().keepalive_timeout()
        self.loop.call_later(LAST_WORDS_S, self.transport.abort)

    def _send_response_with_log_id(self, response: Response) -> None:
        """uvicorn answers a malformed handshake by itself; that answer gets a log id here."""
        if LOG_ID_HEADER not in response.headers:
            response.headers[LOG_ID_HEADER] = new_log_id()
        self._send_response(response)
