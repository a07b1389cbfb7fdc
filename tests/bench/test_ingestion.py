import time

import msgspec

from kouyu.bench.ingestion import APPEND, MeasuredSocket, sent_at
from kouyu.protocol.coze.uplink import InputAudioBufferAppend, parse
from kouyu.serving.socket import Take


class ScriptedSocket:
    """Gives messages that are there already."""

    said_goodbye = False

    def __init__(self, *messages: str) -> None:
        self._messages = list(messages)
        self.sent: list[str] = []

    async def receive(self, take: Take | None = None) -> str | bytes | None:
        return self._messages.pop(0) if self._messages else None

    async def send(self, text: str) -> None:
        self.sent.append(text)

    async def close(self, code: int, reason: str) -> None:
        return None


def test_the_load_generators_event_is_an_append_event_and_holds_its_time() -> None:
    message = APPEND % (123456789, "AAAA")
    event = parse(message)
    assert isinstance(event, InputAudioBufferAppend)
    assert event.delta == b"\0\0\0"
    assert sent_at(message) == sent_at(message.encode()) == 123456789


def test_other_events_hold_no_time() -> None:
    assert sent_at(None) is None
    assert sent_at('{"event_type":"input_audio_buffer.complete"}') is None
    assert sent_at(b'{"id":"1"}') is None
    assert sent_at(msgspec.json.encode({"event_type": "conversation.clear", "id": "sent-1"}).decode()) is None


async def test_a_frame_is_taken_in_when_the_next_message_is_asked_for() -> None:
    lags: list[float] = []
    earlier = time.monotonic_ns() - 40_000_000
    socket = MeasuredSocket(ScriptedSocket(APPEND % (earlier, "AAAA"), "{}"), lags)
    assert await socket.receive() is not None
    assert lags == []
    assert await socket.receive() == "{}"
    assert await socket.receive() is None
    assert len(lags) == 1
    assert lags[0] >= 40
