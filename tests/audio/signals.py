"""Sounds to test with, and how alike two of them are."""

import numpy as np
from numpy.typing import NDArray

from kouyu.audio.pcm import Samples


def speech_like(duration_s: float, sample_rate: int, highest_hz: float = 3_000.0) -> Samples:
    """A sum of sines below ``highest_hz`` whose loudness swells and falls: the same sound at any sample rate."""
    time = np.arange(round(duration_s * sample_rate)) / sample_rate
    pitches = 130 * 1.37 ** np.arange(20)
    tones = sum(np.sin(2 * np.pi * pitch * time + pitch) for pitch in pitches[pitches < highest_hz])
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * 3 * time)
    sound: Samples = (tones * swell * 0.05).astype(np.float32)
    return sound


def snr_db(expected: Samples, actual: Samples, edge: int = 0) -> float:
    """Signal to noise of ``actual`` against ``expected``, without ``edge`` samples at either end."""
    length = min(len(expected), len(actual))
    within = slice(edge, length - edge)
    noise = np.sum((expected[within] - actual[within]).astype(np.float64) ** 2)
    return float(10 * np.log10(np.sum(expected[within].astype(np.float64) ** 2) / max(noise, 1e-20)))


def similarity(expected: Samples, actual: Samples, furthest: int) -> float:
    """Correlation, 1 at best, at the delay of ``actual``, 0 to ``furthest`` samples, that fits best."""
    size = 2 * max(len(expected), len(actual))
    overlap = np.fft.irfft(np.fft.rfft(actual, size) * np.fft.rfft(expected, size).conj(), size)
    delay = int(np.argmax(overlap[:furthest]))
    length = min(len(expected), len(actual) - delay)
    return float(np.corrcoef(expected[:length], actual[delay : delay + length])[0, 1])


def level_db(samples: Samples) -> float:
    """RMS in dB of full scale."""
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2)))


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """``data`` in pieces of these sizes over and over, to its end."""
    pieces, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        pieces.append(data[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


def interleaved(*channels: Samples) -> NDArray[np.float32]:
    """Several channels as one stream of frames."""
    return np.stack(channels, axis=1).ravel()


def packed(samples: NDArray[np.float32], bit_depth: int) -> bytes:
    """Little-endian PCM; 8 bit is unsigned."""
    match bit_depth:
        case 8:
            return (np.rint(samples * 127) + 128).astype(np.uint8).tobytes()
        case 16:
            return np.rint(samples * 32767).astype("<i2").tobytes()
        case 24:
            wide = np.rint(samples * 8388607).astype("<i4")
            return wide.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        case _:
            return np.rint(samples.astype(np.float64) * 2147483647).astype("<i4").tobytes()
