"""The language of the utterance in progress: once an interim transcript identifies it, later ones reuse it. The next
utterance is likely to be in the same one."""

from typing import Final

import msgspec

from kouyu.engines.asr.engine import Recognition
from kouyu.serving.transcribing import TranscriptionRequest

KNOWN_SHARE: Final = 0.6
"""Share of the audio to recognise from which the language must have been identified: users do switch languages."""


class SpokenLanguage:
    """The identified language of the last utterance, given by its first sample. Each identification takes 13 ms."""

    def __init__(self) -> None:
        self._start = 0
        self._end = 0
        self._language = ""

    def learn(self, recognition: Recognition, span: tuple[int, int]) -> None:
        """Take in the recognition of the samples from ``span[0]`` to before ``span[1]``."""
        if recognition.language_is_sure:
            self._start, self._end = span
            self._language = recognition.language

    def supplied(self, how: TranscriptionRequest, start: int, end: int) -> TranscriptionRequest:
        """``how`` for the samples from ``start`` to before ``end``, with the language if it has been identified, or
        else the likely one."""
        if how.options.language is not None or not self._language:
            return how
        known = start == self._start and self._end - start >= KNOWN_SHARE * (end - start)
        field = "language" if known else "likely_language"
        return msgspec.structs.replace(how, options=msgspec.structs.replace(how.options, **{field: self._language}))
