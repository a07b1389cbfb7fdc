"""From the configuration's words to the recogniser's."""

from typing import Final

from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.protocol.configuration import AsrConfig

_LANGUAGES: Final = {
    "zh": "zh",
    "sc": "zh",
    "cant": "yue",
    "fil-PH": "tl",
}
"""Names whose ISO 639-1 code is not their first two letters; ``common`` leaves the choice to the recogniser."""


def recognition_options(asr_config: AsrConfig) -> RecognitionOptions:
    """What ``data.asr_config`` asks of the recogniser."""
    return RecognitionOptions(
        language=language_code(asr_config.user_language),
        hot_words=tuple(asr_config.hot_words),
        context=asr_config.context,
    )


def language_code(user_language: str) -> str | None:
    """The ISO 639-1 code of a ``user_language``, in the present or an older spelling; None for ``common``."""
    if user_language == "common":
        return None
    return _LANGUAGES.get(user_language, user_language[:2])
