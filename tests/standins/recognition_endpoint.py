"""A stand-in for an OpenAI-compatible ``/audio/transcriptions``: keeps what it hears and says what it is told to.

Behind it one can measure the very audio that a server gives to its recogniser, and what it asks of it.
"""

import io
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np

from kouyu.audio.pcm import Samples, float_from_int16
from tests.standins.form_parts import form_parts
from tests.standins.post_endpoint import post_endpoint

QUESTION_TEXT: Final = "What is the capital of France?"


@dataclass(frozen=True)
class Heard:
    """One request: mono audio at 16 kHz, and the other fields of the form."""

    audio: Samples
    form: dict[str, str]


@dataclass
class RecognitionStandIn:
    """The running stand-in. ``text`` is the transcript of everything until it is changed."""

    base_url: str
    text: str = QUESTION_TEXT
    heard: list[Heard] = field(default_factory=list)


def _heard(content_type: str, content: bytes) -> Heard:
    form: dict[str, str] = {}
    audio: Samples = np.zeros(0, np.float32)
    for name, value in form_parts(content_type, content):
        if name == "file":
            with wave.open(io.BytesIO(value)) as wav:
                audio = float_from_int16(np.frombuffer(wav.readframes(wav.getnframes()), "<i2"))
        else:
            form[name] = value.decode()
    return Heard(audio, form)


@contextmanager
def recognition_stand_in() -> Iterator[RecognitionStandIn]:
    """Run the stand-in on a free port for the length of a block."""

    def answer(content_type: str, content: bytes) -> bytes:
        stand_in.heard.append(_heard(content_type, content))
        return msgspec.json.encode({"text": stand_in.text})

    with post_endpoint(answer) as base_url:
        stand_in = RecognitionStandIn(base_url)
        yield stand_in
