"""Detects questions by their words, for transcripts without a question mark."""

import re
from typing import Final

_AUXILIARY: Final = (
    "is|are|am|was|were|do|does|did|can|could|will|would|shall|should|has|have|had|may|might|must"
    "|isn't|aren't|wasn't|weren't|don't|doesn't|didn't|can't|couldn't|won't|wouldn't|shouldn't|hasn't|haven't|hadn't"
)
_PRONOUN: Final = "i|you|he|she|it|we|they"
_DETERMINER: Final = "the|a|an|my|your|his|her|its|our|their|this|that|these|those|people"
_SOMEONE: Final = (
    f"{_PRONOUN}|{_DETERMINER}|there|any|anyone|anybody|everyone|everybody|somebody|someone|anything|everything"
)
_LEAD: Final = r"(?:(?:so|and|but|well|okay|ok|hey|oh|please|yes|no|or|then|now|um|uh|hi|hello)[, ]+){0,4}"
_ENGLISH_QUESTION: Final = re.compile(
    rf"""
    {_LEAD}(?:
        (?!(?:do|don't|have|may|had)\b)(?:{_AUXILIARY})\ (?:{_SOMEONE})\b
      | (?:do|don't|have|may|had)\ (?:{_PRONOUN}|anyone|anybody)\b
      | (?:who|whose|whom|which)\ (?!(?:is|was)\ why\b|means\b)\w
      | (?:who|what|where|when|why|how)(?:'s|'re|'d|'ll|’s|’re|’d|’ll)\b
      | (?:what|where|when|why|how)\ (?!(?:{_DETERMINER})\b)
        (?:(?!(?:{_PRONOUN})\b)[\w'’]+\ ){{0,3}}?(?:{_AUXILIARY})\b
      | what\ (?:about|if|else|happened|happens|kind|time)\b
      | how\ (?:about|come|many|much|long|far|often|old)\b
      | why(?:\ not\b|$)
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_WONDER: Final = re.compile(rf"{_LEAD}(?:what|how)\ (?:a|an)\b(?!.*\b(?:{_AUXILIARY})\b)", re.IGNORECASE)
_TAG: Final = re.compile(rf",\ (?:right|correct|huh|eh|okay|(?:{_AUXILIARY})\ (?:{_PRONOUN}))$", re.IGNORECASE)
_ONLY_QUESTION_WORD: Final = re.compile(
    rf"{_LEAD}(?:who|what|where|when|why|how|which|really|pardon|excuse me)$", re.IGNORECASE
)

_QUESTION_WORD: Final = (
    "什么|怎么|怎样|为何|哪|谁|几[个点岁天年月号次块位只]|多少|多大|多久|多远|多高|多长|干嘛|干吗|如何|何时|啥"
)
_MANDARIN_QUESTION: Final = re.compile(
    rf"{_QUESTION_WORD}|是不是|有没有|能不能|可不可以|会不会|要不要|好不好|行不行|对不对|是否|能否|可否"
    r"|(?P<verb>[\u4e00-\u9fff])不(?P=verb)"
)
_NO_QUESTION: Final = re.compile(
    r"(?:不管|无论|不论|(?<!你)知道|记得|告诉|明白|清楚|随便|忘了|没|没有|不)[\u4e00-\u9fff]{0,4}?"
    rf"(?:{_QUESTION_WORD}|是不是|有没有|能不能|会不会|要不要)"
    rf"|(?:{_QUESTION_WORD})[\u4e00-\u9fff]{{0,3}}(?:都|也)|什么的$|来几"
)
_GOING_ON: Final = re.compile("[还正在才可]|着呢$")


def is_english_question(sentence: str) -> bool:
    """Whether an English sentence without terminal mark is a question, by its first words or a final tag."""
    sentence = " ".join(sentence.split())
    if _WONDER.match(sentence):
        return False
    return any((_ENGLISH_QUESTION.match(sentence), _TAG.search(sentence), _ONLY_QUESTION_WORD.match(sentence)))


def is_mandarin_question(sentence: str) -> bool:
    """Whether a Mandarin sentence without terminal mark is a question, by its particle or a question word.

    A final 吧 alone does not make a question. Only the last clause counts.
    """
    if sentence.endswith("吗"):
        return True
    clause = re.split("[，,；;]", sentence)[-1]
    if _MANDARIN_QUESTION.search(clause):
        return not _NO_QUESTION.search(clause)
    return sentence.endswith("呢") and not _GOING_ON.search(clause)
