"""Converts English text to Kokoro's phonemes, which have one letter for each diphthong and affricate."""

import unicodedata
from typing import Final

from kouyu.engines.tts import espeak

_LETTERS: Final = (
    ("eɪ", "A"),
    ("aɪ", "I"),
    ("aʊ", "W"),
    ("ɔɪ", "Y"),
    ("oʊ", "O"),
    ("dʒ", "ʤ"),
    ("tʃ", "ʧ"),
    ("ɜː", "ɜɹ"),
    ("ɚ", "əɹ"),
    ("əl", "ᵊl"),
    ("n\u0329", "ᵊn"),
    ("ɐ", "ə"),
    ("ɾ", "T"),
    ("ʔ", "t"),
    ("r", "ɹ"),
    ("o", "ɔ"),
    ("ː", ""),
)
"""Replacements for eSpeak NG's American English, applied in this order."""


def english_phonemes(text: str) -> str:
    """The phonemes of a text. Raises EngineUnavailable without piper-tts."""
    sentences = (unicodedata.normalize("NFC", "".join(letters)) for letters in espeak.sentences_of_phonemes(text))
    phonemes = " ".join(sentences)
    for old, new in _LETTERS:
        phonemes = phonemes.replace(old, new)
    return phonemes
