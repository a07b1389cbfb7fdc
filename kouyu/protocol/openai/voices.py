"""The voices that clients of OpenAI name without knowing this server's."""

from typing import Final

OPENAI_VOICES: Final = (
    *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable"),
    *("marin", "nova", "onyx", "sage", "shimmer", "verse"),
)
"""Names of OpenAI's voices. They stand for the default voice, unless ``engines.voice_aliases`` names another one."""
