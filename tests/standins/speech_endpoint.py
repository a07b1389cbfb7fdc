"""A stand-in for an OpenAI-compatible ``/audio/speech``: answers with a tone and keeps what it was asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np

from tests.standins.post_endpoint import post_endpoint

TONE_HZ: Final = 440.0
_RATE: Final = 24_000


@dataclass
class SpeechStandIn:
    """The running stand-in."""

    base_url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    """The bodies of all requests."""


@contextmanager
def speech_stand_in() -> Iterator[SpeechStandIn]:
    """Run the stand-in on a free port for the length of a block."""

    def answer(content_type: str, content: bytes) -> bytes:
        stand_in.asked.append(msgspec.json.decode(content))
        time = np.arange(_RATE // 2) / _RATE
        return (np.sin(2 * np.pi * TONE_HZ * time) * 8000).astype("<i2").tobytes()

    with post_endpoint(answer) as base_url:
        stand_in = SpeechStandIn(base_url)
        yield stand_in
