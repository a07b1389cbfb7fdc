import wave

import numpy as np
import pytest

from kouyu.audio.encoding import open_encoder
from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.wav import decode_audio, encode_wav, read_audio, read_listening_audio, write_wav
from kouyu.protocol.configuration import OutputAudio
from kouyu.protocol.speech_rate import SPEECH_RATE
from tests.audio.signals import similarity, snr_db, speech_like


def test_what_was_written_is_read_back(tmp_path) -> None:
    sound = speech_like(0.5, 22_050)
    write_wav(tmp_path / "said.wav", sound, 22_050)
    samples, rate = read_audio(tmp_path / "said.wav")
    assert rate == 22_050
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, sound, atol=1 / 32768)


def test_a_file_is_read_at_the_rate_the_engines_listen_to(tmp_path) -> None:
    write_wav(tmp_path / "said.wav", speech_like(0.5, 44_100), 44_100)
    heard = read_listening_audio(tmp_path / "said.wav")
    assert heard.dtype == np.float32
    assert len(heard) == 8_000
    assert snr_db(speech_like(0.5, SPEECH_RATE), heard, edge=200) > 55


def test_channels_are_mixed_down_by_their_mean(tmp_path) -> None:
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


def test_a_wav_without_samples_is_empty() -> None:
    samples, rate = decode_audio(encode_wav(np.zeros(0, np.float32), 16_000))
    assert (len(samples), rate) == (0, 16_000)


@pytest.mark.parametrize("content", [b"", b"no audio at all", bytes(5_000), b"RIFF\x10\0\0\0WAVEfmt "])
def test_a_file_that_holds_no_audio_is_told(content) -> None:
    with pytest.raises(UndecodableAudio):
        decode_audio(content)


def test_a_file_that_is_not_there_is_told(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        read_audio(tmp_path / "nothing.wav")
