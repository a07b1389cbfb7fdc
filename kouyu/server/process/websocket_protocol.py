"""Fixes for uvicorn's sans-I/O WebSocket protocol.

- **Header names** of the handshake's answer keep their spelling: coze-js searches the raw answer for ``X-Tt-Logid``,
  case-sensitively (websocket.md 1.7), and uvicorn writes it in lower case.
- **A malformed handshake** (by POST, or with a header line beyond 8 KiB) is refused; uvicorn does not answer it, and
  leaves the connection open for ever.
- **Ping timeout** closes the connection even if the client has stopped reading: else the connection and its session's
  place would be held until TCP times out. It spares a client whose pong may be queued behind messages that the session
  has not read yet (flow control).
- **Reading continues** while a few short messages wait: uvicorn pauses and resumes it for each one, which costs more
  than reading a frame of audio.
- **A lost connection** is reported as 1006, not as a close without a code (1005).
- **Buffers are bounded** for a client that sends pings without reading the pongs, or a message in a million fragments.
- **Invalid UTF-8** is logged as one line, also before a close frame; uvicorn logs a traceback. It does the same for a
  client that closes or breaks the protocol before its handshake is answered, and for one whose close frame has just
  been answered when the server stops.
- **Messages are offered to the session** as they arrive, while it waits for one (``DirectMessages``). A frame of audio
  is then read without the parser of websockets, which takes most of the time that a frame costs.
"""

import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request, Response
from websockets.protocol import State

from kouyu.domain.ids import new_log_id
from kouyu.server.access.access_middleware import LOG_ID_HEADER
from kouyu.server.access.direct_messages import EXTENSION, DirectMessages
from kouyu.server.process.whole_messages import size_of, whole_message

log = logging.getLogger(__name__)

LAST_WORDS_S = 1.0
"""Time in seconds for the close frame to reach a client after a ping timeout."""


READ_AHEAD = 8
"""Messages that may wait for the session before reading pauses."""
READ_AHEAD_BYTES = 64 * 1024
"""A message longer than this pauses reading at once."""


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Pass it to uvicorn as ``ws``."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._send_response = self.conn.send_response
        self.conn.send_response = self._send_response_with_log_id  # type: ignore[method-assign]
        self._pongs_owed = b""
        self._heard_since_ping = False
        self._joined: bytearray | None = None
        """The message's fragments joined so far; None before its second one."""
        self._direct = DirectMessages()
        self._unparsed: int | None = None
        """Bytes of frames given to the parser that have not come out of it; None if it is not known where frames
        begin."""

    def data_received(self, data: bytes) -> None:
        """As the base class, but refuses a malformed handshake."""
        self._heard_since_ping = True
        if self._unparsed is not None:
            data = self._take_whole_messages(data)
            if not data:
                return
            self._unparsed += len(data)
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None and not self.close_sent:
            self.handshake_complete = self.close_sent = True
            refusal = self.conn.reject(400, "Failed to open a WebSocket connection: the request cannot be read.\n")
            refusal.headers[LOG_ID_HEADER] = new_log_id()
            self.transport.write(refusal.serialize())
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """As the base class, but reports a lost connection as 1006; the base class reports a close without a code."""
        if self.handshake_complete and self.conn.close_rcvd is None:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": ""})
        super().connection_lost(exc)

    async def send(self, message: Any) -> None:
        """As the base class, but sets the headers of the accepting answer here."""
        if message["type"] == "websocket.accept" and not self.handshake_complete:
            for name, value in message.get("headers", ()):
                self.response.headers[name.decode("latin-1")] = value.decode("latin-1")
            message = {**message, "headers": []}
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True  # the base class does not set it, and then reports a missing answer

    def handle_events(self) -> None:
        """As the base class; follows where the next frame begins."""
        events = self.conn.events
        if self._unparsed is not None:
            self._unparsed -= sum(size_of(event) for event in events if isinstance(event, Frame))
        elif len(events) == 1 and isinstance(events[0], Request) and not self.conn.reader.buffer:
            self._unparsed = 0
        super().handle_events()

    def handle_connect(self, event: Request) -> None:
        """As the base class, but offers the application to take messages in as they arrive."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self._direct

    def handle_cont(self, event: Frame) -> None:
        """As the base class, but joins fragments as they arrive."""
        if self._joined is None:
            self._joined = bytearray(self.frames[0])
        self._joined += event.data
        if event.fin:
            self.frames, self._joined = [bytes(self._joined)], None
            self.send_receive_event_to_app()

    def handle_close(self, event: Frame) -> None:
        """As the base class, which does not expect a close frame before the handshake is answered."""
        if self.handshake_complete:
            super().handle_close(event)
        else:
            self._give_up_handshake()

    def handle_parser_exception(self) -> None:
        """As the base class, which assumes a close frame was sent; none is before the handshake is answered."""
        if self.handshake_complete:
            super().handle_parser_exception()
        else:
            self._give_up_handshake()

    def shutdown(self) -> None:
        """As the base class, but sends no close frame if the client's own has just been answered."""
        if self.handshake_complete and self.conn.state is not State.OPEN:
            self.stop_keepalive()
            self.transport.close()
        else:
            super().shutdown()

    def _give_up_handshake(self) -> None:
        """Close without an answer: the client closed, or broke the protocol, during the handshake."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": ""})
        self.handshake_complete = self.close_sent = self.disconnected = True
        self.transport.close()

    def handle_ping(self) -> None:
        """As the base class, but while writing is paused only the last pongs are kept for later."""
        if self.writable.is_set():
            super().handle_ping()
        elif pongs := b"".join(self.conn.data_to_send()):
            self._pongs_owed = pongs

    def resume_writing(self) -> None:
        """As the base class; then sends the pongs kept meanwhile."""
        super().resume_writing()
        if self._pongs_owed:
            pongs, self._pongs_owed = self._pongs_owed, b""
            self.transport.write(pongs)  # may pause writing again

    def send_receive_event_to_app(self) -> None:
        """As the base class, which pauses reading after every message, and logs invalid UTF-8 as an error."""
        (data,) = self.frames
        self.frames = []
        if self.close_sent or self._is_taken(data):
            return
        try:
            if self.curr_msg_data_type == "text":
                self.queue.put_nowait({"type": "websocket.receive", "text": data.decode()})
            else:
                self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        except UnicodeDecodeError:
            log.info("a client sent a text message that is not UTF-8; its connection is closed")
            if self.conn.state is State.OPEN:  # else a close frame of the client's has followed it
                self.conn.send_close(1007, "text is not UTF-8")
            self.handle_parser_exception()
            return
        reads_on = len(data) <= READ_AHEAD_BYTES and self.queue.qsize() <= READ_AHEAD
        if not reads_on and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def _take_whole_messages(self, data: bytes) -> bytes:
        """Let the application take in the messages with which ``data`` begins; return what it leaves for the parser."""
        take = self._direct.take
        is_between_messages = self._unparsed == 0 and not self.frames and self.queue.empty()
        if take is None or not is_between_messages or self.close_sent or self.conn.state is not State.OPEN:
            return data
        at = 0
        while (message := whole_message(data, at)) is not None and take(message[0]):
            at = message[1]
        return data[at:]

    def _is_taken(self, data: bytes) -> bool:
        """Whether the application has taken the message in at once. Text that is not ASCII is first checked."""
        take = self._direct.take
        if take is None or not self.queue.empty():
            return False
        return (self.curr_msg_data_type == "bytes" or data.isascii()) and take(data)

    def send_keepalive_ping(self) -> None:
        """As the base class."""
        self._heard_since_ping = False
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        """Close the connection; the base class would let the transport try for ever to send its buffer.

        The timeout restarts for a client that reads, if reading from it is paused or it has sent something since.
        """
        if self.writable.is_set() and (self.read_paused or self._heard_since_ping):
            assert self.ping_timeout is not None
            self._heard_since_ping = False
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
            return
        super().keepalive_timeout()
        self.loop.call_later(LAST_WORDS_S, self.transport.abort)

    def _send_response_with_log_id(self, response: Response) -> None:
        """Add a log id to uvicorn's own answer to a malformed handshake."""
        if LOG_ID_HEADER not in response.headers:
            response.headers[LOG_ID_HEADER] = new_log_id()
        self._send_response(response)
