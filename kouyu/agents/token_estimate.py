"""How many tokens a text is, roughly, without the model's tokenizer."""

import math
import re
from typing import Final

MESSAGE_OVERHEAD: Final = 5
"""Tokens that a chat template puts around each message."""

_LETTERS_PER_TOKEN: Final = 3.5
_WIDE: Final = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")


def estimate_tokens(text: str) -> int:
    """A token for each Chinese, Japanese or Korean character, and one for 3.5 of the others: rather too many."""
    wide = len(_WIDE.findall(text))
    return wide + math.ceil((len(text) - wide) / _LETTERS_PER_TOKEN)
