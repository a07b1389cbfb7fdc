"""Computes a voiceprint from an uploaded recording, after checks for format and for enough speech."""

import asyncio
from typing import Final

import numpy as np

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import PcmFormat, PcmReader, Samples
from kouyu.audio.resampling import open_prompt_resampler
from kouyu.audio.uploads import listening_audio
from kouyu.audio.wav import encode_wav
from kouyu.domain.errors import BAD_REQUEST, FILE_FORMAT_REFUSED, ProtocolError
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.scheduler import Priority
from kouyu.engines.vad.detector import Judgement, VoiceActivityDetector
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.engines.voiceprint.pause_removal import speech_only
from kouyu.store.voiceprint_writes import Enrolment
from kouyu.workers.limited import LimitedWorkers

LEAST_ENROLMENT_S: Final = 2.0
"""Least speech for enrolment, in seconds."""
MOST_SPEECH_S: Final = 60
"""Most speech used, in seconds: more does not improve a voiceprint."""
_LONGEST_S: Final = 10 * 60
_SPEECH_PROBABILITY: Final = 0.5
_JUDGED_AT_ONCE: Final = 30 * SPEECH_RATE
_AROUND: Final = SPEECH_RATE // 5
"""200 ms kept before the first speech and after the last: soft onsets and ends that VAD misses."""


async def recording(content: bytes, pcm: PcmFormat | None, workers: LimitedWorkers) -> Samples:
    """Decode an uploaded file to SPEECH_RATE; ``pcm`` is the sample format of a file without a header.

    Raises ProtocolError.
    """
    try:
        if pcm is not None:
            return await asyncio.to_thread(_read_pcm, content, pcm)
        return await listening_audio(content, _LONGEST_S, workers)
    except UndecodableAudio as fault:
        allowed = "a WAV, MP3, Ogg, M4A or AAC file, or 16 bit PCM with sample_rate"
        raise ProtocolError(FILE_FORMAT_REFUSED, f"file: {fault}; allowed: {allowed}") from fault


async def speech_of(audio: Samples, voice_activity: VoiceActivityDetector, *, least_s: float) -> Samples:
    """Return the speech in a recording without its pauses, MOST_SPEECH_S at most.

    Raises ProtocolError if there is less than ``least_s`` of it, EngineError.
    """
    spoken = [each for each in await _judged(audio, voice_activity) if each.probability >= _SPEECH_PROBABILITY]
    if not spoken:
        raise ProtocolError(BAD_REQUEST, f"file: it contains no speech; {least_s:g} s of speech are needed")
    size = voice_activity.model.chunk_samples
    speech = speech_only(audio[max(0, spoken[0].end - size - _AROUND) : spoken[-1].end + _AROUND])
    seconds = min(len(spoken) * size, len(speech)) / SPEECH_RATE
    if seconds < least_s:
        raise ProtocolError(BAD_REQUEST, f"file: it contains {seconds:.1f} s of speech; {least_s:g} s are needed")
    return speech[: MOST_SPEECH_S * SPEECH_RATE]


async def enrolment(speech: Samples, encoder: SpeakerEncoder, *, keep_audio: bool) -> Enrolment:
    """Compute the speaker's voiceprint. Raises EngineError."""
    voiceprint = await encoder.encode(speech, Priority.SENTENCE)
    return Enrolment(
        model=encoder.model,
        vector=voiceprint.astype("<f4").tobytes(),
        speech_ms=len(speech) * 1000 // SPEECH_RATE,
        audio=await asyncio.to_thread(encode_wav, speech, SPEECH_RATE) if keep_audio else None,
    )


async def _judged(audio: Samples, voice_activity: VoiceActivityDetector) -> list[Judgement]:
    stream = voice_activity.open()
    try:
        judged: list[Judgement] = []
        for start in range(0, len(audio), _JUDGED_AT_ONCE):
            judged += await stream.feed(audio[start : start + _JUDGED_AT_ONCE])
        return judged + await stream.flush()
    finally:
        stream.close()


def _read_pcm(content: bytes, pcm: PcmFormat) -> Samples:
    if len(content) > _LONGEST_S * pcm.sample_rate * pcm.frame_bytes:
        raise UndecodableAudio(f"the audio is longer than {_LONGEST_S / 60:g} minutes")
    resampler = open_prompt_resampler(pcm.sample_rate, SPEECH_RATE)
    return np.concatenate((resampler.feed(PcmReader(pcm).read(content)), resampler.flush()))
