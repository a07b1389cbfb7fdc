"""A text as one file: every format at every rate, as FFmpeg hears it."""

import io
from typing import get_args

import av
import numpy as np
import pytest

from kouyu.audio.downlink_encoding import FileFormat, open_file_encoder
from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import float_from_int16
from kouyu.audio.wav import decode_audio, decode_listening_audio, encode_wav
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.audio.signals import level_db, similarity, speech_like

RATES = [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]
FORMATS = get_args(FileFormat)


def file_of(file_format: FileFormat, rate: int, loudness_rate: int = 0) -> list[bytes]:
    """The packets of two sentences that an engine gives in pieces."""
    encoder = open_file_encoder(file_format, rate, loudness_rate)
    sound = speech_like(2.0, 22_050)
    packets = []
    for at in range(0, len(sound), 4_000):
        packets += encoder.encode(sound[at : at + 4_000], 22_050)
    packets += encoder.flush()
    encoder.close()
    return [packet.data for packet in packets]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_sounds_as_it_was_spoken(file_format: FileFormat, rate: int) -> None:
    content = b"".join(file_of(file_format, rate))
    if file_format == "pcm":
        heard, heard_rate = float_from_int16(np.frombuffer(content, "<i2")), rate
    else:
        heard, heard_rate = decode_audio(content)
    assert heard_rate == (48_000 if file_format == "ogg_opus" else rate)
    assert len(heard) / heard_rate == pytest.approx(2.0, abs=0.2)
    assert similarity(speech_like(2.0, heard_rate), heard, furthest=heard_rate // 4) > 0.95


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_comes_while_it_is_made(file_format: FileFormat) -> None:
    packets = file_of(file_format, 24_000)
    assert len(packets) > 3
    assert max(map(len, packets)) < sum(map(len, packets)) / 2


def test_an_ogg_file_says_how_long_it_is() -> None:
    with av.open(io.BytesIO(b"".join(file_of("ogg_opus", 24_000))), "r") as container:
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(2.0, abs=0.1)


def test_loudness_applies_to_files_too() -> None:
    quiet, loud = (
        level_db(float_from_int16(np.frombuffer(b"".join(file_of("pcm", 24_000, rate)), "<i2"))) for rate in (-50, 0)
    )
    assert loud - quiet == pytest.approx(6, abs=0.2)


@pytest.mark.parametrize("file_format", ["mp3", "ogg_opus"])
def test_any_file_is_heard_at_the_rate_the_engines_listen_to(file_format: FileFormat) -> None:
    heard = decode_listening_audio(b"".join(file_of(file_format, 44_100)), most_s=60)
    assert heard.dtype == np.float32
    assert similarity(speech_like(2.0, SPEECH_RATE), heard, furthest=2_000) > 0.95


def test_a_file_that_holds_more_than_may_be_is_refused() -> None:
    with pytest.raises(UndecodableAudio, match="longer than 1 minutes"):
        decode_listening_audio(encode_wav(np.zeros(61 * 8_000, np.float32), 8_000), most_s=60)


def test_a_list_of_other_files_is_not_followed() -> None:
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"
    for decode in (decode_audio, lambda content: decode_listening_audio(content, 60)):
        with pytest.raises(UndecodableAudio):
            decode(playlist)
