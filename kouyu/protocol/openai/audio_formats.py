"""The formats of a session's audio, in both directions: mono."""

from typing import Final, Literal

AudioFormat = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
PCM_RATE: Final = 24_000
"""Hz, of ``audio/pcm``: 16 bits, little-endian."""
BYTES_PER_SECOND: Final[dict[AudioFormat, int]] = {
    "audio/pcm": 2 * PCM_RATE,
    "audio/pcmu": 8_000,
    "audio/pcma": 8_000,
}
