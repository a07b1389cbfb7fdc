"""Files that a client sends: a plain WAV as it is, others converted."""

import wave
from pathlib import Path

import numpy as np
import pytest

from kouyu.audio.errors import UndecodableAudio
from kouyu.client.uplink_audio import SPEECH, UplinkFormat, read_uplink_audio


def written(path: Path, *, rate: int, channels: int = 1, sample_bytes: int = 2) -> Path:
    """Write one second of a tone."""
    tone = (np.sin(np.arange(rate) * 0.05) * 2 ** (8 * sample_bytes - 2)).astype("<i4")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(sample_bytes)
        file.setframerate(rate)
        file.writeframes(np.repeat(tone, channels).view(np.uint8).reshape(-1, 4)[:, :sample_bytes].tobytes())
    return path


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (16_000, 1), (44_100, 2), (48_000, 1)])
def test_a_wav_that_the_server_takes_is_sent_as_it_is(tmp_path: Path, rate: int, channels: int) -> None:
    path = written(tmp_path / "said.wav", rate=rate, channels=channels)
    audio = read_uplink_audio(path)
    assert audio.format == UplinkFormat(rate, channels)
    assert audio.pcm == path.read_bytes()[44:]
    assert audio.format.bytes_of(20) == rate // 50 * channels * 2


@pytest.mark.parametrize(
    ("rate", "sample_bytes", "channels"), [(11_025, 2, 1), (16_000, 3, 1), (16_000, 2, 4)], ids=["rate", "bits", "four"]
)
def test_another_wav_is_converted(tmp_path: Path, rate: int, sample_bytes: int, channels: int) -> None:
    path = written(tmp_path / "said.wav", rate=rate, sample_bytes=sample_bytes, channels=channels)
    audio = read_uplink_audio(path)
    assert audio.format == SPEECH
    assert len(audio.pcm) == pytest.approx(SPEECH.bytes_of(1000), rel=0.01)


def test_what_is_no_audio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "said.wav").write_bytes(b"RIFF and nothing behind it")
    with pytest.raises(UndecodableAudio):
        read_uplink_audio(tmp_path / "said.wav")
