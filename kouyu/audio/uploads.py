"""Decodes uploaded audio files in a worker process."""

import asyncio
from typing import Final

import numpy as np

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import Samples, bytes_from_float, float_from_int16
from kouyu.audio.wav import decode_listening_audio
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.workers.limited import LimitedWorkers, WorkFailed
from kouyu.workers.messages import Limits

_CPU_S: Final = 30
_WALL_S: Final = 90.0
_MEMORY_BYTES: Final = 768 * 1024 * 1024
_SAMPLE_BYTES: Final = 2


async def listening_audio(content: bytes, most_s: float, workers: LimitedWorkers) -> Samples:
    """Decode a file for the engines (``decode_listening_audio``), in 16 bits.

    Raises UndecodableAudio.
    """
    most_bytes = round(most_s * SPEECH_RATE) * _SAMPLE_BYTES
    limits = Limits(cpu_s=_CPU_S, wall_s=_WALL_S, memory_bytes=_MEMORY_BYTES, output_bytes=most_bytes)
    try:
        decoded = await workers.run(decoded_upload, content, most_s, limits=limits)
    except WorkFailed as fault:
        known = fault.kind in ("", UndecodableAudio.__name__)
        why = str(fault) if fault.kind else f"decoding it {fault}"
        raise UndecodableAudio(why if known else "the file holds no audio that can be read") from fault
    return await asyncio.to_thread(float_from_int16, np.frombuffer(decoded, "<i2"))


def decoded_upload(content: bytes, most_s: float) -> bytes:
    """The same as 16 bit PCM. Runs in the worker process."""
    return bytes_from_float(decode_listening_audio(content, most_s))
