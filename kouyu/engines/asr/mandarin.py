"""Normalises Mandarin transcripts to mainland writing: Whisper mixes scripts and uses half-width punctuation."""

import re
from typing import Final

_HAN: Final = r"[\u3400-\u9fff]"
_PAUSE: Final = re.compile(rf"(?<={_HAN}) (?={_HAN})")
_MARK: Final = re.compile(rf"(?<={_HAN})([,?!;:])\s*|(?<={_HAN})(\.)\s*$")
# The table leaves this one alone, for it is right in these words; elsewhere Whisper means the particle.
_PARTICLE: Final = re.compile(r"(?<![显名原编巨专论土译拙遗])著(?![名作者称述录书])")
# Nor does it change these: "at", "only", "to understand".
_UNKNOWN: Final = {"於": "于", "纔": "才", "瞭解": "了解"}
_FULL_WIDTH: Final = str.maketrans(",?!;:.", "，？！；：。")


def written(text: str) -> str:
    """Convert ``text`` to simplified characters and full-width punctuation; a space between characters, which is how
    Whisper writes a pause, becomes a comma. A prompt would do the same, but Whisper sometimes outputs the prompt."""
    import wetext

    simple: str = wetext.preprocess(text, traditional_to_simple=True)
    simple = _PARTICLE.sub("着", simple)
    for traditional, simplified in _UNKNOWN.items():
        simple = simple.replace(traditional, simplified)
    return _MARK.sub(lambda mark: mark[0].strip().translate(_FULL_WIDTH), _PAUSE.sub("，", simple))
