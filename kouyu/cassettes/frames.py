"""WebSocket messages out of frames."""

from websockets.frames import OP_BINARY, OP_CONT, OP_TEXT, Frame


class Messages:
    """Joins the frames of one direction to messages."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._text = False

    def feed(self, frame: Frame) -> str | bytes | None:
        """The message that ends with this frame: text, or bytes if it is binary; None if it goes on, or is a control
        frame."""
        if frame.opcode in (OP_TEXT, OP_BINARY):
            self._parts, self._text = [bytes(frame.data)], frame.opcode is OP_TEXT
        elif frame.opcode is OP_CONT:
            self._parts.append(bytes(frame.data))
        else:
            return None
        if not frame.fin:
            return None
        whole, self._parts = b"".join(self._parts), []
        return whole.decode(errors="replace") if self._text else whole
