"""What Whisper is asked, and what it answers."""

import msgspec

from kouyu.engines.asr.bias import Bias


class WhisperOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to run Whisper."""

    languages: tuple[str, ...] = ("en", "zh")
    """Languages users may speak, as ISO 639-1 codes: language detection chooses among these only."""
    device: str = "cpu"
    compute_type: str = "int8"
    threads: int = 1
    """Threads of one call. A second one gains nothing with ``base``: 230 to 265 ms against 226 to 257."""
    replicas: int = 2
    """Calls that run at once, on the same weights. As many as the scheduler has workers, or a final transcript waits
    for the decoding of an interim one."""
    beam: int = 5
    """Beam width of the second decoding of a final transcript that is in doubt; 1 for none."""


class Heard(msgspec.Struct, frozen=True):
    """The result of one window. ``text`` is empty if it holds no speech."""

    text: str
    language: str
    language_is_sure: bool = False
    score: float = 0.0
    """The mean log probability (natural) of its tokens."""


class Task(msgspec.Struct, frozen=True):
    """How to decode the windows of one utterance."""

    language: str | None
    """A code the model knows, or None to detect it."""
    bias: Bias
    """Expected words; may be empty."""
    beam: int
    """Beam width of a second decoding where the first is in doubt; 1 for no second one."""
    attempts: int
    """Most window lengths that are tried: 1 to 3."""
    numbers_in_words: bool = False
    """Suppress digits and the signs read with them, so that the model writes numbers as words."""
