"""Converts Mandarin text to Kokoro's phonemes: IPA with arrows for the tones."""

import itertools
import logging
import re
import warnings
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Final

import platformdirs

log = logging.getLogger(__name__)

_HAN: Final = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_LOOSE_STOP: Final = re.compile(r" (?=[,.!?;:)”])")
_PUNCTUATION: Final = str.maketrans(
    {
        "，": ", ",
        "、": ", ",
        "。": ". ",
        "．": ". ",
        "！": "! ",
        "？": "? ",
        "；": "; ",
        "：": ": ",
        "（": " (",
        "）": ") ",
        "「": " “",
        "」": "” ",
        "『": " “",
        "』": "” ",
        "《": " “",
        "》": "” ",
        "【": " “",
        "】": "” ",
        "·": " ",
        "～": "— ",
    }
)
_KOKORO_LETTERS: Final = (
    # Tones; the third one first, since it ends as the second does.
    ("˧˩˧", "↓"),
    ("˧˥", "↗"),
    ("˥˩", "↘"),
    ("˥", "→"),
    # The vowels of "shi" and "si".
    ("ɻ\u0329", "ɨ"),
    ("ɹ\u0329", "ɨ"),
    # Affricates are one letter.
    ("ʈʂ", "\uab67"),
    ("ts", "ʦ"),
    ("tɕ", "ʨ"),
    # Kokoro has no mark of a vowel that is no syllable of its own.
    ("\u032f", ""),
)
"""IPA as pinyin-to-ipa writes it, and as Kokoro learnt it; replaced in this order."""


def mandarin_phonemes(text: str) -> str:
    """Return the phonemes of a sentence; text that is neither Han nor punctuation is unchanged.

    Blocks: under 1 ms, after 1.5 s for the first sentence of the process.
    """
    text = _HAN.sub(lambda run: f" {_read(run.group())} ", text.translate(_PUNCTUATION))
    return _LOOSE_STOP.sub("", " ".join(text.split()))


def _read(han: str) -> str:
    segment, pronounce = _dictionary()
    words = [pronounce(word) for word in segment(han)]
    for word, following in itertools.pairwise(words):
        if len(word) == 1 and following:
            word[0] = _before(word[0], following[0])
    return " ".join(filter(None, ("".join(map(_syllable, word)) for word in words)))


def _before(syllable: str, following: str) -> str:
    """Tone sandhi of a one-syllable word before another: two third tones, and "bu" before a fourth.

    Inside words the dictionary has applied it.
    """
    if syllable.endswith("3") and following.endswith("3"):
        return syllable[:-1] + "2"
    return "bu2" if syllable == "bu4" and following.endswith("4") else syllable


@lru_cache(maxsize=2048)
def _syllable(pinyin: str) -> str:
    """IPA of one syllable such as "hao3"; "" if it is not a Mandarin syllable."""
    from pinyin_to_ipa import pinyin_to_ipa

    try:
        ipa = "".join(pinyin_to_ipa(pinyin)[0])
    except ValueError:
        log.info("no phonemes for the syllable %s", pinyin)
        return ""
    for written, learnt in _KOKORO_LETTERS:
        ipa = ipa.replace(written, learnt)
    return ipa


@cache
def _dictionary() -> tuple[Callable[[str], list[str]], Callable[[str], list[str]]]:
    """A word segmenter, and a function that returns the pinyin of a word after tone sandhi."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escape sequences, and pkg_resources
        import jieba  # type: ignore[import-untyped]
    from pypinyin import Style, lazy_pinyin

    jieba.setLogLevel(logging.WARNING)
    tokenizer: Any = jieba.Tokenizer()
    # Its cache is marshalled data, which must not be in a folder that other users can write.
    tokenizer.tmp_dir = str(platformdirs.user_cache_path("kouyu", ensure_exists=True))
    tokenizer.initialize()

    def pronounce(word: str) -> list[str]:
        return list(lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True))

    return tokenizer.lcut, pronounce
