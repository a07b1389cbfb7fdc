"""A stand-in for an OpenAI-compatible ``/audio/transcriptions``: keeps what it hears and says what it is told to.

Behind it one can measure the very audio that a server gives to its recogniser, and what it asks of it.
"""

import io
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
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
    word: str
    """A word of its own for its transcript, which no rule on transcripts changes."""


@dataclass
class RecognitionStandIn:
    """The running stand-in."""

    base_url: str
    text: str | None = None
    """The transcript of everything. None: QUESTION_TEXT and a word of the request's own, which ``behind`` looks for."""
    holds_answers: bool = False
    """Whether answers wait, as those of a slow recogniser do, until this is False again."""
    heard: list[Heard] = field(default_factory=list)
    """The requests that came whole, in their order. The last one need not be the one whose transcript was used: the
    server asks ahead, and abandons requests on their way."""

    _numbers: Iterator[int] = field(default_factory=count)

    def behind(self, transcript: str) -> Heard:
        """The request that was answered with this transcript, as the client got it while ``text`` was None."""
        (found,) = [heard for heard in self.heard if heard.word == transcript.rstrip(".").split()[-1]]
        return found

    def answer(self, content_type: str, content: bytes) -> bytes:
        """Keep a request; the body of the answer."""
        word = "X" + "".join("bcdfgjklpt"[int(digit)] for digit in str(next(self._numbers)))
        self.heard.append(_heard(content_type, content, word))
        return msgspec.json.encode({"text": f"{QUESTION_TEXT} {word}." if self.text is None else self.text})


def _heard(content_type: str, content: bytes, word: str) -> Heard:
    form: dict[str, str] = {}
    audio: Samples = np.zeros(0, np.float32)
    for name, value in form_parts(content_type, content):
        if name == "file":
            with wave.open(io.BytesIO(value)) as wav:
                audio = float_from_int16(np.frombuffer(wav.readframes(wav.getnframes()), "<i2"))
        else:
            form[name] = value.decode()
    return Heard(audio, form, word)


@contextmanager
def recognition_stand_in() -> Iterator[RecognitionStandIn]:
    """Run the stand-in on a free port for the length of a block."""

    def answer(content_type: str, content: bytes) -> bytes:
        return stand_in.answer(content_type, content)

    with post_endpoint(answer, lambda: not stand_in.holds_answers) as base_url:
        stand_in = RecognitionStandIn(base_url)
        yield stand_in
