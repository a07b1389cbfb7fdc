"""Records one WebSocket from a copy of the bytes that were relayed."""

import logging
from collections.abc import Callable
from typing import Final

import h11
from websockets.exceptions import InvalidHeader
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import OP_CLOSE, Close, Frame
from websockets.headers import parse_extension
from websockets.protocol import CLIENT, SERVER, Protocol

from kouyu.cassettes import format as cassette
from kouyu.cassettes.format import Opening, Sender
from kouyu.cassettes.frames import Messages
from kouyu.cassettes.secrets import ANSWER_HEADERS, REQUEST_HEADERS, Secrets, kept_headers
from kouyu.cassettes.writing import CassetteWriter, ConnectionWriter
from kouyu.proxy.exchange_recorder import header_pairs

log = logging.getLogger(__name__)

_NO_CLOSE_FRAME: Final = 1006
_DEFLATE: Final = "permessage-deflate"


class SocketRecorder:
    """Takes in the bytes of both directions after the handshake."""

    def __init__(self, connection: ConnectionWriter, extensions: str, clock: Callable[[], float]) -> None:
        """``extensions`` is the answer's ``Sec-WebSocket-Extensions``; ``clock`` is in seconds.

        Raises UnknownExtension.
        """
        self._connection = connection
        self._clock = clock
        self._opened_at = clock()
        self._directions = {
            "client": _Direction(_decoding(extensions, "client"), from_client=True),
            "server": _Direction(_decoding(extensions, "server"), from_client=False),
        }
        self._ended = False

    def feed(self, sender: Sender, data: bytes) -> None:
        """Take in bytes that were relayed. Where they cannot be written, the recording ends with a line in the log."""
        if self._ended:
            return
        at = self._clock() - self._opened_at
        try:
            for what in self._directions[sender].feed(data):
                if isinstance(what, Close):
                    self._end(at, sender, cassette.Close(what.code, what.reason))
                    return
                self._connection.message(at, sender, what)
        except OSError as fault:
            self._give_up(fault)

    def lost(self, sender: Sender) -> None:
        """The side has ended the TCP connection."""
        if self._ended:
            return
        try:
            self._end(self._clock() - self._opened_at, sender, cassette.Close(_NO_CLOSE_FRAME))
        except OSError as fault:
            self._give_up(fault)

    def close(self) -> None:
        """Close the files, if the connection has no end yet (the proxy ends)."""
        if not self._ended:
            self._ended = True
            self._connection.close()

    def _give_up(self, fault: OSError) -> None:
        log.error("%s: a WebSocket is relayed and no longer recorded: %s", self._connection.file, fault.strerror)
        self.close()

    def _end(self, at: float, sender: Sender, close: cassette.Close) -> None:
        self._ended = True
        self._connection.end(at, sender, close)
        self._connection.close()


class UnknownExtension(Exception):
    """The two sides have agreed on an extension of WebSockets that the recorder cannot read."""


class _Direction:
    """The frames of one direction."""

    def __init__(self, extension: PerMessageDeflate | None, *, from_client: bool) -> None:
        self._protocol = Protocol(SERVER if from_client else CLIENT, max_size=None)
        self._protocol.extensions = [extension] if extension else []
        self._messages = Messages()

    def feed(self, data: bytes) -> list[str | bytes | Close]:
        """The messages that are complete, and the close frame."""
        self._protocol.receive_data(data)
        self._protocol.data_to_send()  # the relayed side answers pings itself
        found: list[str | bytes | Close] = []
        for frame in self._protocol.events_received():
            assert isinstance(frame, Frame)
            if frame.opcode is OP_CLOSE:
                found.append(Close.parse(bytes(frame.data)))
            elif (message := self._messages.feed(frame)) is not None:
                found.append(message)
        return found


def recorded_socket(
    writer: CassetteWriter,
    secrets: Secrets,
    request: h11.Request,
    answer: h11.InformationalResponse,
    clock: Callable[[], float],
) -> SocketRecorder | None:
    """Begin to record a WebSocket whose handshake was accepted; None, with a warning, if it cannot be read.

    Raises OSError.
    """
    path, _, query = request.target.decode("latin-1").partition("?")
    headers, answered = header_pairs(request), header_pairs(answer)
    secrets.learn_headers(headers)
    extensions = _field(answered, "sec-websocket-extensions")
    try:
        _decoding(extensions, "client")
    except UnknownExtension as fault:
        log.warning("a WebSocket to %s is relayed and not recorded: %s", path, fault)
        return None
    offered = [each.strip() for each in _field(headers, "sec-websocket-protocol").split(",")]
    chosen = _field(answered, "sec-websocket-protocol")
    opening = Opening(
        path=path,
        query=secrets.query(query),
        headers=kept_headers(headers, REQUEST_HEADERS),
        answer_headers=kept_headers(answered, ANSWER_HEADERS),
        subprotocol=offered.index(chosen) if chosen and chosen in offered else None,
        compressed=_DEFLATE in extensions,
    )
    return SocketRecorder(writer.connection(opening), extensions, clock)


def _field(headers: list[tuple[str, str]], name: str) -> str:
    return ", ".join(value for given, value in headers if given.lower() == name)


def _decoding(extensions: str, sender: Sender) -> PerMessageDeflate | None:
    """How the messages of a side are decompressed (RFC 7692); None: they are not compressed."""
    try:
        agreed = parse_extension(extensions) if extensions else []
    except InvalidHeader as fault:
        raise UnknownExtension(str(fault)) from None
    if not agreed:
        return None
    if len(agreed) > 1 or agreed[0][0] != _DEFLATE:
        raise UnknownExtension(extensions)
    parameters = dict(agreed[0][1])

    def of(side: str) -> tuple[bool, int]:
        bits = parameters.get(f"{side}_max_window_bits")
        return f"{side}_no_context_takeover" in parameters, int(bits) if bits else 15

    remote_forgets, remote_bits = of(sender)
    local_forgets, local_bits = of("client" if sender == "server" else "server")
    return PerMessageDeflate(remote_forgets, local_forgets, remote_bits, local_bits)
