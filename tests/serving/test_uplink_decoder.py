"""What comes out of appends, in which steps, and what is told of those that are not what they should be."""

import asyncio
import struct

import numpy as np
import pytest

from kouyu.audio.downlink_encoding import open_encoder
from kouyu.audio.ogg import checksum
from kouyu.audio.pcm import Samples, bytes_from_float
from kouyu.domain.configuration import InputAudio, OpusConfig, OutputAudio
from kouyu.domain.errors import ProtocolError
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.serving.uplink_decoder import LONGEST_APPEND_S, UplinkDecoder
from tests.audio.encoded_files import FILES
from tests.audio.signals import cut, speech_like

OPUS = InputAudio(format="pcm", codec="opus")
OGG = InputAudio(format="ogg")
HELD = 24
"""Samples that are behind, from 48 kHz to 16."""
SHORTEST_PACKET = b"\x0b\x06"
"""Six frames of 20 ms without a byte in them: 120 ms of audio."""


def ogg_page(serial: int, packets: list[bytes], flags: int = 0) -> bytes:
    lacing = bytes(len(packet) for packet in packets)
    page = b"OggS\0" + bytes([flags]) + struct.pack("<qII", 0, serial, 0) + bytes(4) + bytes([len(lacing)])
    page += lacing + b"".join(packets)
    return page[:22] + checksum(page).to_bytes(4, "little") + page[26:]


def tiny_packets(pages: int) -> bytes:
    """An Ogg stream that holds half a minute of audio in 750 bytes."""
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 0, 48_000, 0, 0)
    return ogg_page(7, [head], flags=2) + ogg_page(7, [SHORTEST_PACKET] * 255) * pages


async def heard(decoder: UplinkDecoder, *appends: bytes) -> tuple[list[Samples], list[str]]:
    """The steps, and what was told."""
    steps: list[Samples] = []
    told: list[str] = []
    for append in appends:
        try:
            async for samples in decoder.decoded(append):
                steps.append(samples)  # noqa: PERF401 - those ahead of a fault count too
        except ProtocolError as fault:
            told.append(fault.msg)
    return steps, told


def opus_packets() -> list[bytes]:
    config = OpusConfig(sample_rate=16_000, frame_size_ms=20)
    encoder = open_encoder(OutputAudio(codec="opus", opus_config=config))
    return [packet.data for packet in encoder.encode(speech_like(1, 16_000), 16_000)]


async def test_audio_is_decoded_in_short_steps_between_which_others_run() -> None:
    decoder = UplinkDecoder(OGG)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(others())
    steps, told = await heard(decoder, tiny_packets(4))
    running.cancel()
    assert told == []
    assert sum(map(len, steps)) == pytest.approx(4 * 255 * 0.12 * SPEECH_RATE, rel=0.001)
    assert max(map(len, steps)) <= 0.65 * SPEECH_RATE
    assert turns >= len(steps) - 1 > 190


async def test_an_append_that_holds_too_much_is_reported_and_its_rest_left_out() -> None:
    decoder = UplinkDecoder(OGG)
    steps, told = await heard(decoder, tiny_packets(22))
    assert told == [f"data.delta: holds more than {LONGEST_APPEND_S} s of audio; send it in shorter pieces"]
    assert LONGEST_APPEND_S <= len(np.concatenate(steps)) / SPEECH_RATE <= LONGEST_APPEND_S + 1
    decoder.complete()
    steps, told = await heard(decoder, FILES["ogg"])
    assert told == []
    assert sum(map(len, steps)) > 1.9 * SPEECH_RATE


async def test_small_pieces_go_through_without_a_pause() -> None:
    steps = UplinkDecoder(InputAudio(format="pcm", sample_rate=16_000)).decoded(bytes(640))
    with pytest.raises(StopIteration) as first:
        anext(steps).__await__().send(None)
    assert len(first.value.value) == 320


async def test_what_is_behind_a_fault_in_the_same_append_is_heard() -> None:
    pages = [b"OggS" + rest for rest in FILES["ogg"].split(b"OggS")[1:]]
    damaged = b"".join(pages[:10]) + bytes(8_000) + b"".join(pages[10:])
    steps, told = await heard(UplinkDecoder(OGG), damaged)
    assert len(told) == 1
    assert sum(map(len, steps)) > 1.9 * SPEECH_RATE


@pytest.mark.parametrize(
    ("announced", "appends", "kind"),
    [
        (InputAudio(format="pcm"), cut(FILES["webm"], [500]), "WebM"),
        (InputAudio(), cut(FILES["mp3"], [500]), "MP3"),
        (InputAudio(format="pcm"), cut(FILES["ogg"], [500]), "Ogg with Opus"),
        (InputAudio(format="pcm"), opus_packets(), "Opus packets"),
        (OPUS, cut(FILES["webm"], [500]), "WebM"),
        (OPUS, cut(FILES["wav"], [640]), "WAV"),
        (OPUS, cut(bytes_from_float(speech_like(1, 24_000)), [960]), "PCM"),
        (OGG, cut(bytes_from_float(speech_like(1, 24_000)), [960]), "PCM"),
        (OGG, cut(FILES["flac"], [500]), "FLAC"),
    ],
)
async def test_another_format_than_announced_is_reported_once(
    announced: InputAudio, appends: list[bytes], kind: str
) -> None:
    decoder = UplinkDecoder(announced)
    _, told = await heard(decoder, *appends)
    assert len(told) == 1
    assert f"it looks like {kind}, but data.input_audio announces format {announced.format}, codec" in told[0]


async def test_after_it_was_told_the_next_buffer_or_the_right_format_is_heard() -> None:
    decoder = UplinkDecoder(OPUS)
    _, told = await heard(decoder, FILES["webm"][:500])
    assert len(told) == 1
    decoder.complete()
    steps, told = await heard(decoder, *opus_packets())
    assert (len(np.concatenate(steps)), told) == (SPEECH_RATE - HELD, [])
    _, told = await heard(decoder, *cut(bytes_from_float(speech_like(1, 24_000)), [960]))
    assert len(told) == 1
    decoder.use_format(InputAudio(format="pcm", sample_rate=16_000))
    steps, told = await heard(decoder, *cut(bytes_from_float(speech_like(1, 16_000)), [960]))
    assert (len(np.concatenate(steps)), told) == (SPEECH_RATE, [])


async def test_packets_that_do_not_decode_are_reported_once_and_the_others_are_heard() -> None:
    packets = opus_packets()
    broken = [b"\xff\xff\xff\xff" if number % 5 == 4 else packet for number, packet in enumerate(packets)]
    steps, told = await heard(UplinkDecoder(OPUS), *broken)
    assert len(told) == 1
    assert sum(map(len, steps)) == 0.8 * SPEECH_RATE - HELD


@pytest.mark.parametrize("announced", [InputAudio(format="pcm"), InputAudio(format="pcm", codec="g711a")])
async def test_a_wav_is_heard_by_its_own_header_where_bare_samples_are_announced(announced: InputAudio) -> None:
    decoder = UplinkDecoder(announced)
    steps, told = await heard(decoder, *cut(FILES["wav"], [960]))
    rest = decoder.complete()
    assert (len(np.concatenate([*steps, rest])), told) == (2 * SPEECH_RATE, [])


@pytest.mark.parametrize(
    "announced",
    [InputAudio(sample_rate=16_000), InputAudio(sample_rate=24_000, channel=2), InputAudio(codec="g711a")],
    ids=["16 kHz", "24 kHz, stereo", "A-law"],
)
async def test_appends_that_only_continue_may_be_decoded_together(announced: InputAudio) -> None:
    appends = cut(bytes_from_float(speech_like(8, 16_000)), [642])
    (steps, told), decoder = await heard(UplinkDecoder(announced), *appends), UplinkDecoder(announced)
    ready: list[Samples] = []
    kept: list[bytes] = []
    for append in appends:
        if decoder.continued_s(append) > 0.0:
            kept.append(append)
        else:
            assert not kept
            ready += (await heard(decoder, append))[0]
        if len(kept) == 3:
            ready.append(decoder.continued(b"".join(kept)))
            kept = []
    ready.append(decoder.continued(b"".join(kept)))
    assert told == []
    assert len(ready) < len(appends)
    np.testing.assert_allclose(np.concatenate(ready), np.concatenate(steps), atol=1e-6)


async def test_an_append_that_may_be_more_than_a_continuation_is_decoded_by_itself() -> None:
    pcm = cut(bytes_from_float(speech_like(8, 16_000)), [640])
    decoder = UplinkDecoder(InputAudio(sample_rate=16_000))
    assert decoder.continued_s(pcm[0]) == 0.0  # it may be in another format
    await heard(decoder, *pcm[:200])
    assert decoder.continued_s(pcm[200]) == 0.02
    assert decoder.continued_s(b"") == 0.0
    assert decoder.continued_s(FILES["wav"]) == 0.0
    decoder.complete()
    assert decoder.continued_s(pcm[201]) == 0.0
    for packets in (UplinkDecoder(OPUS), UplinkDecoder(OGG)):
        await heard(packets, *opus_packets())
        assert packets.continued_s(opus_packets()[0]) == 0.0
