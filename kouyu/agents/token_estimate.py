"""Estimates a text's number of tokens without the model's tokenizer."""

import math
from typing import Final

MESSAGE_OVERHEAD: Final = 5
"""Tokens that a chat template puts around each message."""

_LETTERS_PER_TOKEN: Final = 3.5
_WIDE_LEADS: Final = bytes([*range(0xE3, 0xEE), 0xEF])
"""First UTF-8 bytes of the characters from U+3000 to U+DFFF and from U+F000 to U+FFFF, and of few others."""


def estimate_tokens(text: str) -> int:
    """Count one token per Chinese, Japanese or Korean character and per 3.5 others: rather too many."""
    if text.isascii():
        return math.ceil(len(text) / _LETTERS_PER_TOKEN)
    packed = text.encode(errors="surrogatepass")
    wide = len(packed) - len(packed.translate(None, _WIDE_LEADS))
    return wide + math.ceil((len(text) - wide) / _LETTERS_PER_TOKEN)
