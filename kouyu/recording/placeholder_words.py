"""Replaces the words of texts by placeholders of the same length and class, so that the same rules apply to them.

- A letter becomes a letter of the same script and case, a digit the digit 1. White space, punctuation and length stay.
- Words that rules read stay: abbreviations and sentence starters (``text/sentence_ends.py``) and backchannels.
- A word's placeholder depends on the word and on its place in the text. Texts that begin alike therefore still do, and
  neither the words nor how often they occur can be told from the placeholders.
- The words of keywords have one placeholder each, wherever they occur, and those that sound like them share it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from kouyu.text.backchannels import is_backchannel
from kouyu.text.language import LANGUAGE_OF_LETTERS
from kouyu.text.sentence_ends import RULE_WORDS
from kouyu.text.sound import has_han, syllables, units

_CONSONANTS: Final = "bdfgklmnprtvz"
_FIRST_OF_KEYWORDS: Final = "w"
_VOWELS: Final = "aeiou"
_WIDE: Final = "".join(LANGUAGE_OF_LETTERS[code] for code in ("zh", "ja", "ko", "th"))
_WORD: Final = re.compile(rf"[{_WIDE}]|[^\W\d_{_WIDE}]+|\d")
_HAN: Final = "山水火木石田河林雨雪风云花草鸟鱼马牛羊鹿门窗桌床灯笔纸书茶米"
_HAN_OF_KEYWORDS: Final = "金银铜铁锡铅钢珠宝"
_OF_SCRIPT: Final[dict[str, str]] = {
    "zh": _HAN,
    "ja": "かきくけこさしすせそたちつてとなにぬねのはひふへほまみむめも",
    "ko": "가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허",
    "th": "กขคฆงจฉชซญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬ",
    "ru": "абвгдежзиклмнопрстуфхц",
    "el": "αβγδεζηθικλμνξοπρστυφχψω",
    "he": "אבגדהוזחטיכלמנסעפצקרשת",
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "hi": "कखगघचछजझटठडढतथदधनपफबभमयरलवशसह",
}
_SCRIPTS: Final = {code: re.compile(f"[{letters}]") for code, letters in LANGUAGE_OF_LETTERS.items()}


class PlaceholderWords:
    """The placeholders of one record."""

    def __init__(self, keywords: Iterable[str] = ()) -> None:
        self._numbers: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
        sounds = dict.fromkeys(sound for keyword in keywords for sound in syllables(keyword))
        self._keyword_places = {sound: place for place, sound in enumerate(sounds)}

    def replaced(self, text: str) -> str:
        """``text`` with placeholders."""
        if is_backchannel(text):
            return text
        pieces: list[str] = []
        end = 0
        for place, match in enumerate(_WORD.finditer(text)):
            pieces += (text[end : match.start()], self._placeholder(match.group(), place))
            end = match.end()
        return "".join((*pieces, text[end:]))

    def _placeholder(self, word: str, place: int) -> str:
        if word.isdecimal():
            return "1"
        folded = word.casefold()
        if folded in RULE_WORDS or is_backchannel(word):
            return word
        (sound,) = syllables(word) if len(units(word)) == 1 else (folded,)
        keyword = self._keyword_places.get(sound)
        if keyword is not None:
            return _keyword(word, keyword)
        numbers = self._numbers[place, len(word)]
        return _letters(word, numbers.setdefault(folded, len(numbers)), place)


def _keyword(word: str, number: int) -> str:
    """A placeholder that no other word's sounds like."""
    if has_han(word):
        return _HAN_OF_KEYWORDS[number % len(_HAN_OF_KEYWORDS)]
    first = _FIRST_OF_KEYWORDS.upper() if word[0].isupper() else _FIRST_OF_KEYWORDS
    return first + _letters(word, number, 0)[1:]


def _letters(word: str, number: int, place: int) -> str:
    """Letters in place of those of ``word``, other ones for each ``number``."""
    return "".join(_letter(character, index, number, place) for index, character in enumerate(word))


def _letter(character: str, index: int, number: int, place: int) -> str:
    script = next((code for code, letters in _SCRIPTS.items() if letters.match(character)), "en")
    if script == "en":
        known = _VOWELS if index % 2 else _CONSONANTS
        chosen = known[(number + place * (index + 1)) % len(known)]
        return chosen.upper() if character.isupper() else chosen
    known = _OF_SCRIPT[script]
    shift = place * 7 if has_han(character) else index + place
    return known[(number + shift) % len(known)]
