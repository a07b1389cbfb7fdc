import pytest

from kouyu.agents.event_stream import MAX_EVENT_BYTES, EventDecoder, EventTooLong

STREAM = ': hello\nevent: message\nid: 7\ndata: {"a": "é\u2028"}\n\n: ping\n\ndata:two\ndata: lines\n\ndata: [DONE]\n\n'
EVENTS = ['{"a": "é\u2028"}'.encode(), b"two\nlines", b"[DONE]"]


def decode(stream: bytes, size: int) -> list[bytes]:
    decoder = EventDecoder()
    events = [event for at in range(0, len(stream), size) for event in decoder.feed(stream[at : at + size])]
    return events + decoder.finish()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_stream_may_be_cut_anywhere(line_end: str, size: int) -> None:
    assert decode(STREAM.replace("\n", line_end).encode(), size) == EVENTS


def test_an_event_is_out_as_soon_as_its_blank_line_is_in() -> None:
    assert EventDecoder().feed(b"data: 1\n\n") == [b"1"]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r"])
def test_the_last_event_needs_no_blank_line(end: bytes) -> None:
    assert decode(b"data: 1\n\ndata: [DONE]" + end, 100) == [b"1", b"[DONE]"]


@pytest.mark.parametrize("piece", [b"x" * 60_000, b"data: " + b"x" * 60_000 + b"\n"])
def test_an_endless_event_is_refused(piece: bytes) -> None:
    decoder = EventDecoder()
    with pytest.raises(EventTooLong):
        _ = [decoder.feed(piece) for _ in range(MAX_EVENT_BYTES // 60_000 + 1)]


def test_a_long_line_in_small_pieces_is_joined_once() -> None:
    decoder, line = EventDecoder(), b"data: " + b"x" * 1_000_000
    for at in range(0, len(line), 100):
        assert decoder.feed(line[at : at + 100]) == []
    assert len(decoder._rest) == 10_001  # and nothing was put together yet
    assert decoder.feed(b"\n\n") == [line[6:]]
    assert decoder._rest == [b""]
