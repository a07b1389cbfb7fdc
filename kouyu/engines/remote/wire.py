"""What servers and processes of `kouyu engines` say to each other over HTTP: paths, headers and bodies.

Each request is a POST with a body in MessagePack: one of the structs here. Its header PRIORITY says how urgent it is.
The answer is MessagePack too, or for speech a stream of frames; it comes with the headers of the load. A failure is a
``Failure`` with a status of HTTP: 400 for a request that is not understood, 401 for a wrong token, 404 for what is not
served, 409 for audio whose beginning is unknown, 500 for an engine that failed, 503 where the queue is full.
"""

import struct
from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.audio.pcm import bytes_from_float, float_from_int16, int16_from_float
from kouyu.domain.user_voice import UserEmotion
from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.engines.voiceprint.calibration import Calibration
from kouyu.engines.work import Priority

RemoteKind: TypeAlias = Literal["asr", "tts", "turn", "voiceprint", "emotion"]
"""The kinds of engines that run in other processes."""
KINDS: Final[tuple[RemoteKind, ...]] = get_args(RemoteKind)

VERSION: Final = 1
"""Of these bodies. A server refuses a process with another one."""

DESCRIPTION_PATH: Final = "/v1/engines"
PATHS: Final[dict[RemoteKind, str]] = {
    "asr": "/v1/recognition",
    "tts": "/v1/synthesis",
    "turn": "/v1/turn",
    "voiceprint": "/v1/voiceprint",
    "emotion": "/v1/emotion",
}

PRIORITY: Final = "x-kouyu-priority"
OLDEST_WAIT: Final = "x-kouyu-oldest-wait-ms"
"""How long the work that waits longest for a thread has waited,"""
OLDEST_URGENT_WAIT: Final = "x-kouyu-oldest-urgent-wait-ms"
"""and the same of work for which a user waits."""

PROCESS: Final = "x-kouyu-process"
"""Which process answered: another one after each start."""

AudioEncoding: TypeAlias = Literal["int16", "float32"]
"""Audio is mono, little-endian: 16 bit where that is exact, as for what clients send at 16 kHz. Resampled audio is not
rounded, though no ear hears it: of 36 utterances that were cut off in a word, Whisper wrote 7 in another way."""
SAMPLE_BYTES: Final[dict[AudioEncoding, int]] = {"int16": 2, "float32": 4}

_FRAME: Final = struct.Struct("<II")
"""Sample rate in Hz, and bytes of samples. Rate 0: the end, with no bytes, or those of a Failure."""


class SentAudio(msgspec.Struct, frozen=True, kw_only=True):
    """Mono audio at SPEECH_RATE, of which the process may have the beginning already."""

    samples: bytes
    """Those after the first ``held``."""
    encoding: AudioEncoding = "int16"
    utterance: str = ""
    """What the process is to keep the whole under; empty: it keeps nothing."""
    held: int = 0
    """Bytes that were sent before under the same name."""


class RecognitionWork(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of ``SpeechRecognizer.recognize``; the answer is a Recognition."""

    audio: SentAudio
    options: RecognitionOptions


class SynthesisWork(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of ``SpeechSynthesizer.synthesize``; the answer is a stream of frames."""

    text: str
    options: SynthesisOptions


class JudgementWork(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of ``TurnJudge.completeness``; the answer is a Judgement."""

    audio: SentAudio
    transcript: str
    language: str


class AudioWork(msgspec.Struct, frozen=True, kw_only=True):
    """What a voiceprint is made of, or an emotion found in; the answer is a MadeVoiceprint or a FoundEmotion."""

    audio: SentAudio


class Judgement(msgspec.Struct, frozen=True):
    """The probability that the turn is over."""

    completeness: float


class MadeVoiceprint(msgspec.Struct, frozen=True):
    """A voiceprint: float32, little-endian; and the name of its encoder."""

    vector: bytes
    model: str


class FoundEmotion(msgspec.Struct, frozen=True):
    """The speaker's emotion, None if it is uncertain."""

    emotion: UserEmotion | None


class Failure(msgspec.Struct, frozen=True):
    """Why there is no answer. ``retryable``: the same request may succeed later."""

    error: str
    retryable: bool = False


class Encoder(msgspec.Struct, frozen=True):
    """The speaker encoder of a process."""

    model: str
    calibration: Calibration


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a process serves: the answer to GET DESCRIPTION_PATH, in JSON."""

    version: int
    kinds: tuple[RemoteKind, ...]
    process: str
    """Another one after each start: what was sent to the one before is not known to it."""
    workers: int
    voices: tuple[Voice, ...] = ()
    encoder: Encoder | None = None


def priority_name(priority: Priority) -> str:
    """The value of the header, such as ``first-sentence``."""
    return priority.name.lower().replace("_", "-")


def priority_of(name: str) -> Priority | None:
    """The priority of a header; None if there is none of that name."""
    return _BY_NAME.get(name)


_BY_NAME: Final = {priority_name(priority): priority for priority in Priority}
PRIORITIES: Final = tuple(_BY_NAME)
"""The values that the header may have, most urgent first."""


def encoded_audio(samples: NDArray[np.float32]) -> tuple[bytes, AudioEncoding]:
    """Mono float32 as it is sent."""
    rounded = int16_from_float(samples)
    if np.array_equal(float_from_int16(rounded), samples):
        return rounded.astype("<i2", copy=False).tobytes(), "int16"
    return samples.astype("<f4", copy=False).tobytes(), "float32"


def decoded_audio(audio: bytes, encoding: AudioEncoding) -> NDArray[np.float32]:
    """What was sent as mono float32."""
    if encoding == "float32":
        return np.frombuffer(audio, "<f4").astype(np.float32, copy=False)
    return float_from_int16(np.frombuffer(audio, "<i2"))


def frame_of(piece: AudioPiece) -> bytes:
    """A piece of speech as a frame, rounded to 16 bit as it is for clients."""
    samples = bytes_from_float(piece.samples)
    return _FRAME.pack(piece.sample_rate, len(samples)) + samples


def last_frame(failure: Failure | None = None) -> bytes:
    """The frame that ends a stream."""
    body = b"" if failure is None else encoded(failure)
    return _FRAME.pack(0, len(body)) + body


class Frames:
    """Reads a stream of frames. ``ended``: its last frame has come, with ``failure`` if the speech failed."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.ended = False
        self.failure: Failure | None = None

    def fed(self, data: bytes) -> list[AudioPiece]:
        """The pieces that are complete with the next bytes."""
        self._data += data
        pieces = []
        while not self.ended and len(self._data) >= _FRAME.size:
            rate, length = _FRAME.unpack_from(self._data)
            end = _FRAME.size + length
            if len(self._data) < end:
                break
            body = bytes(self._data[_FRAME.size : end])
            del self._data[:end]
            if rate:
                pieces.append(AudioPiece(decoded_audio(body, "int16"), rate))
            else:
                self.ended = True
                self.failure = msgspec.msgpack.decode(body, type=Failure) if body else None
        return pieces


def encoded(value: Any) -> bytes:
    """A struct as a body."""
    return msgspec.msgpack.encode(value)
