import wave
from pathlib import Path

import numpy as np
import pytest

from kouyu.audio.downlink_encoding import open_encoder
from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.wav import (
    decode_audio,
    decode_listening_audio,
    encode_wav,
    read_audio,
    read_listening_audio,
    write_wav,
)
from kouyu.domain.configuration import OutputAudio
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.audio.encoded_files import FILES, encoded_file
from tests.audio.signals import similarity, snr_db, speech_like

HEARD = speech_like(1, SPEECH_RATE)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    sound = speech_like(0.5, 22_050)
    write_wav(tmp_path / "said.wav", sound, 22_050)
    samples, rate = read_audio(tmp_path / "said.wav")
    assert rate == 22_050
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, sound, atol=1 / 32768)


def test_a_file_is_read_at_the_rate_the_engines_listen_to(tmp_path: Path) -> None:
    write_wav(tmp_path / "said.wav", speech_like(0.5, 44_100), 44_100)
    heard = read_listening_audio(tmp_path / "said.wav")
    assert heard.dtype == np.float32
    assert len(heard) == 8_000
    assert snr_db(speech_like(0.5, SPEECH_RATE), heard, edge=200) > 55


def test_channels_are_mixed_down_by_their_mean(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "stereo.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.tile(np.array([16384, 0], "<i2"), 1_000).tobytes())
    samples, _ = read_audio(tmp_path / "stereo.wav")
    assert len(samples) == 1_000
    np.testing.assert_allclose(samples, 0.25, atol=1e-4)


def test_any_file_that_ffmpeg_reads_will_do() -> None:
    encoder = open_encoder(OutputAudio(codec="mp3"))
    packets = encoder.encode(speech_like(1, 44_100), 44_100) + encoder.flush()
    samples, rate = decode_audio(b"".join(packet.data for packet in packets))
    assert rate == 44_100
    assert similarity(speech_like(1, 44_100), samples, furthest=2_600) > 0.95


@pytest.mark.parametrize("kind", sorted(FILES))
def test_of_a_damaged_file_what_can_be_read_is(kind: str) -> None:
    file = FILES[kind]
    whole = len(decode_listening_audio(file, 60))
    behind = np.random.default_rng(1).bytes(300)
    assert whole <= len(decode_listening_audio(file + behind, 60)) <= whole + 800
    if kind != "m4a":  # its table of contents stands for one file
        assert len(decode_listening_audio(file + file, 60)) > 1.9 * whole
    hole = bytearray(file)
    hole[len(file) // 2 : len(file) // 2 + 20] = behind[:20]
    assert len(decode_listening_audio(bytes(hole), 60)) > 0.4 * whole


def test_the_sample_rate_may_change_within_a_file() -> None:
    parts = [encoded_file("mp3", speech_like(1, rate), rate) for rate in (44_100, 22_050)]
    assert 32_000 < len(decode_listening_audio(b"".join(parts), 60)) < 36_000


@pytest.mark.parametrize("size", [0, 2, 3, 9_600, 9_601, 16_000, 16_001, 99_999_999, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_wav_is_read_to_its_end_whatever_size_its_header_gives(size: int) -> None:
    sound = speech_like(1, SPEECH_RATE)
    file = bytearray(encode_wav(sound, SPEECH_RATE))
    file[40:44] = size.to_bytes(4, "little")
    heard = decode_listening_audio(bytes(file), 60)
    assert len(sound) - 1 <= len(heard) <= len(sound)
    assert snr_db(sound[:4_000], heard[:4_000]) > 55


def test_a_wav_that_is_not_plain_samples_is_read_all_the_same() -> None:
    assert len(decode_listening_audio(encoded_file("wav", HEARD, 16_000, codec="adpcm_ima_wav"), 60)) > 15_000


def test_a_file_that_is_too_long_is_reported() -> None:
    with pytest.raises(UndecodableAudio, match=r"longer than 0\.5 minutes"):
        decode_listening_audio(encode_wav(np.zeros(31 * 8_000, np.float32), 8_000), 30)


def test_a_wav_without_samples_is_empty() -> None:
    samples, rate = decode_audio(encode_wav(np.zeros(0, np.float32), 16_000))
    assert (len(samples), rate) == (0, 16_000)


@pytest.mark.parametrize("content", [b"", b"no audio at all", bytes(5_000), b"RIFF\x10\0\0\0WAVEfmt "])
def test_a_file_that_holds_no_audio_is_reported(content: bytes) -> None:
    with pytest.raises(UndecodableAudio):
        decode_audio(content)


def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_audio(tmp_path / "nothing.wav")
