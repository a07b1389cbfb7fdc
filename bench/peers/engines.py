"""The weights that the bots get: those of kouyu's cache."""

from typing import Any, Final

from bench.peers.peer import SILENCE_MS, VOICE, PeerOptions
from kouyu.weights import cache

_VOICE_FILE: Final = "en_US-joe-medium.onnx"


def same_engines(options: PeerOptions) -> dict[str, Any]:
    """Recogniser, voice and silence, for the options of a bot."""
    return {
        "whisper": str(cache.folder(options.whisper)),
        "voice": str(cache.folder(VOICE) / _VOICE_FILE),
        "silence_ms": SILENCE_MS,
    }
