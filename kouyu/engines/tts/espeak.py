"""English phonemes for Piper by eSpeak NG, which is part of piper-tts. Both are GPL, so they are an optional extra."""

import threading
from functools import cache
from typing import Any, Final

VOICE: Final = "en-us"

_lock: Final = threading.Lock()
"""eSpeak NG keeps its state in global variables."""


def sentences_of_phonemes(text: str) -> list[list[str]]:
    """For each sentence eSpeak finds, its IPA letters and punctuation marks."""
    phonemizer = _phonemizer()
    with _lock:
        found: list[list[str]] = phonemizer.phonemize(VOICE, text)
    return found


@cache
def _phonemizer() -> Any:
    from piper.phonemize_espeak import EspeakPhonemizer

    with _lock:
        return EspeakPhonemizer()
