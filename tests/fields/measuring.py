"""Measures of audio that came back, decoded by FFmpeg rather than by kouyu's own code."""

import io
from collections.abc import Sequence
from typing import Final

import av
import numpy as np

from kouyu.audio.pcm import Samples, float_from_int16
from tests.audio.ffmpeg import audio_codec

OPUS_RATE: Final = 48_000
_G711: Final = {"g711a": "pcm_alaw", "g711u": "pcm_mulaw"}
_FRAME_S: Final = 0.04
_LOWEST_HZ, _HIGHEST_HZ = 65, 400


def pcm(data: bytes) -> Samples:
    """16 bit little-endian."""
    return float_from_int16(np.frombuffer(data, "<i2"))


def g711(codec: str, data: bytes) -> Samples:
    """8000 Hz A-law or mu-law; ``codec`` is the protocol's name."""
    context = audio_codec(_G711[codec], "r", 8000)
    return _floats(context.decode(av.Packet(data)))


def opus(packets: Sequence[bytes]) -> Samples:
    """Raw packets by FFmpeg's own decoder (kouyu uses libopus), at OPUS_RATE."""
    context = audio_codec("opus", "r", OPUS_RATE)
    return np.concatenate([_floats(context.decode(av.Packet(packet))) for packet in packets])


def opus_packet_ms(packet: bytes) -> float:
    """The length that a packet tells of itself (RFC 6716, 3.1 and 3.2): some encodings of 40 ms are two of 20."""
    config, code = packet[0] >> 3, packet[0] & 3
    frames = (1, 2, 2, packet[1] & 63)[code]
    if config < 12:
        return frames * (10.0, 20.0, 40.0, 60.0)[config % 4]
    return frames * ((10.0, 20.0)[config % 2] if config < 16 else (2.5, 5.0, 10.0, 20.0)[config % 4])


def opus_bandwidth_hz(packet: bytes) -> int:
    """The highest frequency that a packet may hold (RFC 6716, 3.1)."""
    config = packet[0] >> 3
    if config < 12:
        return (4000, 6000, 8000)[config // 4]
    return (12_000, 20_000)[config // 2 - 6] if config < 16 else (4000, 8000, 12_000, 20_000)[config // 4 - 4]


def mp3(data: bytes) -> tuple[Samples, int]:
    """The samples of an MP3 stream and its rate."""
    with av.open(io.BytesIO(data), "r", format="mp3") as container:
        rate = container.streams.audio[0].rate
        return _floats(list(container.decode(audio=0))), rate


def level_db(samples: Samples, rate: int) -> float:
    """RMS of where something is heard, in dB of full scale."""
    frames = _frames(samples, rate)
    power = np.mean(frames.astype(np.float64) ** 2, axis=1)
    return float(10 * np.log10(np.mean(power[power > power.max() / 100])))


def sounding_s(samples: Samples, rate: int) -> float:
    """Seconds from the first to the last sound."""
    frames = _frames(samples, rate)
    power = np.mean(frames.astype(np.float64) ** 2, axis=1)
    heard = np.flatnonzero(power > power.max() / 1000)
    return float((heard[-1] - heard[0] + 1) * _FRAME_S / 4)


def silence_before_s(samples: Samples, rate: int) -> float:
    """Seconds before the first sound."""
    power = np.mean(_frames(samples, rate).astype(np.float64) ** 2, axis=1)
    return float(np.flatnonzero(power > power.max() / 1000)[0] * _FRAME_S / 4)


def pitch_hz(samples: Samples, rate: int) -> float:
    """The median pitch of voiced speech, by autocorrelation."""
    frames = _frames(samples, rate)
    power = np.mean(frames.astype(np.float64) ** 2, axis=1)
    pitches = [_pitch_of(frame, rate) for frame in frames[power > power.max() / 50]]
    voiced = [pitch for pitch in pitches if pitch is not None]
    assert voiced, "no voice in this audio"
    return float(np.median(voiced))


def power_above_db(samples: Samples, rate: int, hz: float) -> float:
    """How much of the power lies above a frequency, in dB of the whole."""
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64) * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    return float(10 * np.log10(max(spectrum[frequencies > hz].sum() / spectrum.sum(), 1e-12)))


def _pitch_of(frame: Samples, rate: int) -> float | None:
    centred = frame.astype(np.float64) - frame.mean()
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: len(centred)]
    correlation /= np.arange(len(centred), 0, -1)
    lags = np.arange(int(rate / _HIGHEST_HZ), int(rate / _LOWEST_HZ))
    lags = lags[lags < len(centred) * 0.75]
    strengths = correlation[lags] / correlation[0]
    if strengths.max() < 0.6:
        return None
    # The first lag that is nearly as strong as the strongest: its multiples are as strong.
    return float(rate / lags[np.flatnonzero(strengths > 0.9 * strengths.max())[0]])


def _frames(samples: Samples, rate: int) -> Samples:
    size = round(rate * _FRAME_S)
    return np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 4]


def _floats(frames: Sequence[av.AudioFrame]) -> Samples:
    pieces = [np.zeros(0, np.float32)]
    for frame in frames:
        values = frame.to_ndarray()[0]
        pieces.append(values / 32768 if values.dtype == np.int16 else values)
    return np.concatenate(pieces).astype(np.float32)
