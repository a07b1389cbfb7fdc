"""Translates ``asr_config`` into the recogniser's options."""

from functools import lru_cache
from typing import Final

from kouyu.domain.configuration import AsrConfig, StreamMode
from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.text.recognition_token_limits import (
    HOT_WORDS_OF_STREAM,
    HOT_WORDS_OF_WHOLE_UTTERANCES,
    cut_context,
    cut_hot_words,
)

_LANGUAGES: Final = {
    "zh": "zh",
    "sc": "zh",
    "cant": "yue",
    "fil-PH": "tl",
}
"""Names whose ISO 639-1 code is not their first two letters; ``common`` leaves the choice to the recogniser."""


def recognition_options(asr_config: AsrConfig, keywords: tuple[str, ...] = ()) -> RecognitionOptions:
    """Return the recogniser's options for ``data.asr_config``, hot words and context cut to their limits (uplink.md).

    ``keywords`` are hot words that do not count towards those limits.
    """
    return RecognitionOptions(
        language=language_code(asr_config.user_language),
        hot_words=keywords + _hot_words(tuple(asr_config.hot_words), asr_config.stream_mode),
        context=_context(asr_config.context),
        numbers_in_words=not asr_config.enable_itn,
    )


@lru_cache(maxsize=256)
def _hot_words(words: tuple[str, ...], stream_mode: StreamMode) -> tuple[str, ...]:
    whole_utterance = stream_mode == "output_no_stream"
    return cut_hot_words(words, HOT_WORDS_OF_WHOLE_UTTERANCES if whole_utterance else HOT_WORDS_OF_STREAM)


@lru_cache(maxsize=256)
def _context(text: str) -> str:
    return cut_context(text)


def language_code(user_language: str) -> str | None:
    """The ISO 639-1 code of a ``user_language``, in the present or an older spelling; None for ``common``."""
    if user_language == "common":
        return None
    return _LANGUAGES.get(user_language, user_language[:2])
