"""Cuts hot words and context to the lengths of uplink.md (data.asr_config), counted in the recogniser's tokens."""

import logging
import re
from collections.abc import Callable, Iterable
from functools import cache
from itertools import accumulate
from math import ceil
from typing import Any, Final, TypeAlias

from kouyu import extras
from kouyu.text.language import LANGUAGE_OF_LETTERS, WORDLESS
from kouyu.weights import cache as weights_cache
from kouyu.weights.errors import WeightsError

log = logging.getLogger(__name__)

CountTokens: TypeAlias = Callable[[str], int]

HOT_WORDS_OF_WHOLE_UTTERANCES: Final = 5000
"""Tokens with ``output_no_stream``."""
HOT_WORDS_OF_STREAM: Final = 100
"""Tokens with ``bidirectional_stream``."""
CONTEXT: Final = 800
"""Tokens."""

_WHISPER_WEIGHTS: Final = ("whisper-base", "whisper-tiny-en")
_LONGEST_TOKEN: Final = 8
"""Characters per token; text longer than this times the limit is cut without being counted."""
_FIRST_LOOK: Final = 256
"""Pieces of a context that are counted first; then twice as many, until they do not fit."""
_WIDE: Final = re.compile("[" + "".join(LANGUAGE_OF_LETTERS[code] for code in sorted(WORDLESS | {"ko"})) + "]")
_PIECE: Final = re.compile(rf"\s*(?:{_WIDE.pattern}|[^\s{_WIDE.pattern[1:-1]}]+)")


def cut_hot_words(words: Iterable[str], limit: int, count: CountTokens | None = None) -> tuple[str, ...]:
    """Return the first words that fit into ``limit`` tokens together, without empty ones.

    Words are not cut: the first that does not fit, and all after it, are dropped. ``count`` None: as ``token_counter``
    does.
    """
    count = count or token_counter()
    kept: list[str] = []
    used = 0
    for word in words:
        word = word.strip()
        if not word:
            continue
        # The recogniser's prompt has a space before each word.
        used += count(" " + word) if len(word) <= limit * _LONGEST_TOKEN else limit + 1
        if used > limit:
            break
        kept.append(word)
    return tuple(kept)


def cut_context(text: str, limit: int = CONTEXT, count: CountTokens | None = None) -> str:
    """Cut ``text`` to ``limit`` tokens, after a whole word or Han letter."""
    count = count or token_counter()
    text = text.strip()[: limit * _LONGEST_TOKEN]
    ends = list(accumulate(len(piece) for piece in _PIECE.findall(text)))
    low, high = 0, min(_FIRST_LOOK, len(ends))
    # Tokens are counted of little more than what fits: counting all of a long text takes up to 5 ms each time.
    while high < len(ends) and count(text[: ends[high - 1]]) <= limit:
        low, high = high, min(2 * high, len(ends))
    if high == len(ends) and count(text) <= limit:
        return text
    high -= 1
    while low < high:
        middle = (low + high) // 2
        if count(text[: ends[middle]]) <= limit:
            low = middle + 1
        else:
            high = middle
    return text[: ends[low - 1]] if low else ""


@cache
def token_counter() -> CountTokens:
    """Return Whisper's tokenizer if its weights are on this machine (60 ms to load), else an estimate."""
    for name in () if extras.missing(("tokenizers",)) else _WHISPER_WEIGHTS:
        try:
            file = weights_cache.folder(name) / "tokenizer.json"
        except WeightsError:
            continue
        from tokenizers import Tokenizer

        tokenizer: Any = Tokenizer.from_file(str(file))
        return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
    log.info("no Whisper tokenizer on this machine; tokens of hot words are estimated")
    return estimated_tokens


def estimated_tokens(text: str) -> int:
    """Estimate Whisper's tokens, rather too many: 1.5 for a Han letter, 1 for 3 other characters."""
    wide = len(_WIDE.findall(text))
    return ceil(wide * 1.5 + (len(text) - wide) / 3)
