"""Ogg with Opus, made by FFmpeg, fed as a client would stream it."""

import io
import struct
from typing import Literal

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.ogg import OggReader, checksum
from kouyu.audio.pcm import Samples
from kouyu.audio.uplink_decoding import open_decoder
from kouyu.domain.configuration import InputAudio
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.audio.ffmpeg import audio_stream
from tests.audio.signals import cut, snr_db, speech_like

HEARD = speech_like(1.0, SPEECH_RATE)


def ogg_file(samples: Samples, *, channels: int = 1, codec: str = "libopus", page_ms: int = 20) -> bytes:
    content = io.BytesIO()
    layout = "mono" if channels == 1 else "stereo"
    with av.open(content, "w", format="ogg", options={"page_duration": str(page_ms * 1000)}) as container:
        stream = audio_stream(container, codec, 48_000, layout)
        stream.bit_rate = 96_000
        planes = np.repeat(samples.reshape(1, -1), channels, axis=0)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(planes), "fltp", layout)
        frame.sample_rate, frame.pts = 48_000, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return content.getvalue()


FILE = ogg_file(speech_like(1.0, 48_000))
PAGES = [b"OggS" + rest for rest in FILE.split(b"OggS")[1:]]


def page(flags: int, serial: int, lacing: bytes, body: bytes) -> bytes:
    """One page, checksum included; flags: 1 continued, 2 first, 4 last."""
    made = b"OggS\0" + bytes([flags]) + struct.pack("<qII", 0, serial, 0) + bytes(4) + bytes([len(lacing)])
    made += lacing + body
    return made[:22] + checksum(made).to_bytes(4, "little") + made[26:]


def listen(*pieces: bytes) -> Samples:
    decoder = open_decoder(InputAudio(format="ogg", codec="opus"))
    return np.concatenate([*(decoder.feed(piece) for piece in pieces), decoder.flush()])


def test_the_checksum_is_the_one_in_real_pages() -> None:
    for page in PAGES:
        assert checksum(page[:22] + bytes(4) + page[26:]) == int.from_bytes(page[22:26], "little")


def test_a_file_is_heard_without_the_encoders_lead_in_and_padding() -> None:
    listened = listen(FILE)
    assert len(listened) == len(HEARD)
    assert snr_db(HEARD, listened, edge=320) > 15


def test_stereo_is_mixed_down() -> None:
    listened = listen(ogg_file(speech_like(1.0, 48_000), channels=2))
    assert snr_db(HEARD, listened, edge=320) > 15


@pytest.mark.parametrize("codec", ["pcm", "opus"])
def test_ogg_holds_opus_whatever_codec_is_announced(codec: Literal["pcm", "opus"]) -> None:
    assert len(open_decoder(InputAudio(format="ogg", codec=codec)).feed(FILE)) > 15_000


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_how_the_stream_is_cut_makes_no_difference(sizes: list[int]) -> None:
    np.testing.assert_allclose(listen(*cut(FILE, sizes)), listen(FILE), atol=1e-6)


def test_a_page_is_heard_as_soon_as_it_is_whole() -> None:
    decoder = open_decoder(InputAudio(format="ogg"))
    heard = [len(decoder.feed(page)) for page in PAGES]
    assert heard[:2] == [0, 0]
    assert all(count >= 320 - 24 - 104 for count in heard[2:-2])


def test_packets_that_continue_over_pages_are_put_together() -> None:
    packets = [bytes([turn]) * 600 for turn in range(3)]
    body = b"".join(packets)
    lacing = (b"\xff\xff\x5a") * 3
    reader, found = OggReader(), []
    for flags, start, end, table in ((2, 0, 855, lacing[:4]), (1, 855, 1_800, lacing[4:])):
        found += [packet for parsed in reader.read(page(flags, 7, table, body[start:end])) for packet in parsed.packets]
    assert found == packets


def test_packets_of_interleaved_streams_that_continue_over_pages_are_put_together() -> None:
    reader = OggReader()
    beginnings = [page(2, serial, b"\xff", bytes([serial]) * 255) for serial in (7, 8)]
    ends = [page(1, serial, b"\x0a", bytes([serial]) * 10) for serial in (7, 8)]
    found = [(parsed.serial, parsed.packets) for parsed in reader.read(b"".join(beginnings + ends)) if parsed.packets]
    assert found == [(7, (b"\x07" * 265,)), (8, (b"\x08" * 265,))]


def test_of_many_unfinished_streams_the_oldest_are_forgotten() -> None:
    reader = OggReader()
    serials = range(1, 41)
    beginnings = [page(2, serial, b"\xff", bytes([serial]) * 255) for serial in serials]
    ends = [page(1, serial, b"\x0a", bytes([serial]) * 10) for serial in serials]
    whole = [parsed.serial for parsed in reader.read(b"".join(beginnings + ends)) if parsed.packets]
    assert whole == list(serials)[-8:]


def test_a_damaged_page_is_reported_once_and_the_rest_is_heard() -> None:
    damaged = bytearray(FILE)
    damaged[len(FILE) // 2] ^= 0xFF
    decoder = open_decoder(InputAudio(format="ogg"))
    heard, errors = [], 0
    for piece in cut(bytes(damaged), [100]):
        try:
            heard.append(decoder.feed(piece))
        except UndecodableAudio:
            errors += 1
    heard.append(decoder.flush())
    assert errors == 1
    assert len(HEARD) - 2 * 320 <= sum(map(len, heard)) < len(HEARD) + 320


def test_audio_ahead_of_a_fault_in_the_same_piece_is_not_lost() -> None:
    decoder = open_decoder(InputAudio(format="ogg"))
    with pytest.raises(UndecodableAudio):
        decoder.feed(FILE + b"garbage behind the file")
    assert len(decoder.flush()) == len(HEARD)


def test_bytes_that_are_no_ogg_are_reported_and_a_stream_after_them_is_heard() -> None:
    decoder = open_decoder(InputAudio(format="ogg"))
    with pytest.raises(UndecodableAudio, match="Ogg"):
        decoder.feed(bytes(500))
    assert len(decoder.feed(bytes(500))) == 0
    assert len(np.concatenate([decoder.feed(FILE), decoder.flush()])) == len(HEARD)


def test_another_codec_in_ogg_is_reported() -> None:
    decoder = open_decoder(InputAudio(format="ogg"))
    with pytest.raises(UndecodableAudio, match="does not hold Opus"):
        decoder.feed(ogg_file(speech_like(0.2, 48_000), codec="flac"))
    assert len(decoder.flush()) == 0


def test_several_files_may_follow_one_another_with_or_without_a_flush() -> None:
    assert len(listen(FILE, FILE)) == 2 * len(HEARD)
    decoder = open_decoder(InputAudio(format="ogg"))
    for _ in range(2):
        assert len(np.concatenate([decoder.feed(FILE), decoder.flush()])) == len(HEARD)


def test_a_new_file_may_follow_one_that_was_broken_off() -> None:
    decoder = open_decoder(InputAudio(format="ogg"))
    decoder.feed(FILE[: len(FILE) // 2])
    decoder.flush()
    assert len(np.concatenate([decoder.feed(FILE), decoder.flush()])) == len(HEARD)


def test_a_connection_may_begin_in_the_middle_of_a_stream() -> None:
    listened = listen(b"".join(PAGES[20:]))
    assert 0 < len(listened) < len(HEARD)
    assert snr_db(HEARD[-6_000:], listened[-6_000:], edge=320) > 10
