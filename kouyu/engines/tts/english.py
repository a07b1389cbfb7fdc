"""English text to Kokoro's phonemes, which write diphthongs and affricates with one letter each."""

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
"""What American English of eSpeak NG becomes, in this order."""


def english_phonemes(text: str) -> str:
    """The phonemes of a text. Raises EngineUnavailable without piper-tts."""
    sentences = (unicodedata.normalize("NFC", "".join(letters)) for letters in espeak.sentences_of_phonemes(text))
    phonemes = " ".join(sentences)
    for old, new in _LETTERS:
        phonemes = phonemes.replace(old, new)
    return phonemes
