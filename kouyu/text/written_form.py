"""Inverse text normalisation (``enable_itn``; uplink.md, data.asr_config): numbers in digits, or in words.

Recognisers use digits inconsistently, so both settings convert. Pure, except for the grammars, which load at the first
number (0.3 to 0.7 s; ``transducers.load`` does it beforehand). A new phrase with a number costs about 1 ms, a cached
one nothing; a transcript without numbers a few microseconds.
"""

from typing import Final

from kouyu.text.language import language_of
from kouyu.text.numbers_in_words import english_in_words, mandarin_in_words
from kouyu.text.written_english import written_english
from kouyu.text.written_mandarin import written_mandarin

MANDARIN: Final = frozenset({"zh", "yue"})
"""Languages written with Mandarin's numerals."""


def written_form(text: str, language: str) -> str:
    """``enable_itn`` on: 一百美元 becomes "$100", "twenty five percent" "25%". Everything else stays unchanged.

    For English and Mandarin, and English words within Mandarin; other languages come back unchanged. ``language`` is
    an ISO 639-1 code, "" when not known.
    """
    language = language or language_of(text)
    if language in MANDARIN:
        return written_english(written_mandarin(text))
    return written_english(text) if language == "en" else text


def words_for_numbers(text: str, language: str) -> str:
    """``enable_itn`` off: "25%" becomes "twenty-five percent", 100美元 一百美元.

    For English and Mandarin; other languages come back unchanged. Names with digits in them (MP3, COVID-19) stay.
    """
    language = language or language_of(text)
    if language in MANDARIN:
        return mandarin_in_words(text)
    return english_in_words(text) if language == "en" else text
