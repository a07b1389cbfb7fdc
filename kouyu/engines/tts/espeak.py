"""English phonemes for Piper by eSpeak NG, which is part of piper-tts. Both are GPL, so they are an optional extra."""

import threading
from functools import cache
from typing import Any, Final

from kouyu.engines.errors import EngineUnavailable

HOW_TO_GET: Final = "Piper's voice needs piper-tts: pip install 'kouyu[piper]'"
VOICE: Final = "en-us"

_lock: Final = threading.Lock()
"""eSpeak NG keeps its state in global variables."""


def is_available() -> bool:
    """Whether piper-tts is installed."""
    try:
        _phonemizer()
    except EngineUnavailable:
        return False
    return True


def sentences_of_phonemes(text: str) -> list[list[str]]:
    """For each sentence eSpeak finds, its IPA letters and punctuation marks. Raises EngineUnavailable."""
    phonemizer = _phonemizer()
    with _lock:
        found: list[list[str]] = phonemizer.phonemize(VOICE, text)
    return found


@cache
def _phonemizer() -> Any:
    try:
        from piper.phonemize_espeak import EspeakPhonemizer
    except ImportError as error:
        raise EngineUnavailable(HOW_TO_GET) from error
    with _lock:
        return EspeakPhonemizer()
