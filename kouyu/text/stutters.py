"""Removes accidental repetitions, in English and Mandarin. Intended repetitions stay."""

import re
from typing import Final

_BREAK: Final = r"(?:\ ?[,–—-]|\.{2,3}|…)?\ +"

_SMALL_WORD: Final = (
    "i|i'm|i'll|i've|i'd|the|a|an|to|of|and|but|or|we|we're|you|you're|he|she|it|it's|they|they're|your|our|their|with"
    "|for|from|at|if|because|when|how"
)
"""Words that, repeated, are a stutter; unlike "that that", "had had", "very very", "no no", "so so", "my, my"."""

_BROKEN_WORD: Final = re.compile(
    r"""
    (?<![\w'’-])(?:
        (?P<letter>[b-df-hj-np-tv-z])-(?:(?P=letter)-)*(?=(?P=letter)[a-z])(?!test)    # w-what, but t-test
      | (?P<letters>[a-z]{1,3})(?:-+|…|\.{3})\ +(?=(?P=letters)[a-z])                  # wh- what
    )(?P<next>\w)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SAME_WORD: Final = re.compile(rf"(?<![\w'’-])({_SMALL_WORD})(?:{_BREAK}\1(?![\w'’-]))+", re.IGNORECASE | re.VERBOSE)
_SAME_WORDS: Final = re.compile(
    rf"""
    (?<![\w'’-])((?:i|i'm|we|you|he|she|they|it|can|could|do|is|what|how)(?:\ [\w']+){{1,3}})
    (?:{_BREAK}\1(?![\w'’-])){{1,16}}(?=\ \w)      # at the end it is meant: "I know, I know."
    """,
    re.IGNORECASE | re.VERBOSE,
)

_SAME_CHARACTER: Final = re.compile(r"(?<![其成造将迁])([我你您他她它这那就但])(?:[，、,…]*\1)+")
"""Not if the first belongs to the word before: 其他他, 成就就. 看看, 谢谢, 在在 are not stutters."""
_SAME_MANDARIN_WORD: Final = re.compile(
    "((?:我|你|他|她|它|咱)们|然后|因为|所以|但是|如果|我想|我觉得|我要|我是|有没有|能不能|是不是)"
    r"(?:[，、,…]*\1)+|([这那]个)\2+"
)
"""那个，那个好 with a pause between says two things."""


def without_english_stutters(text: str) -> str:
    """Turn "I I I want" into "I want" and "w-what" into "what"."""
    text = _BROKEN_WORD.sub(_whole_word, text)
    return _SAME_WORDS.sub(r"\1", _SAME_WORD.sub(r"\1", text))


def _whole_word(match: re.Match[str]) -> str:
    return match["next"].upper() if match.group()[0].isupper() else match["next"]


def without_mandarin_stutters(text: str) -> str:
    """Turn 我我我想 into 我想 and 然后然后 into 然后."""
    return _SAME_CHARACTER.sub(r"\1", _SAME_MANDARIN_WORD.sub(r"\1\2", text))
