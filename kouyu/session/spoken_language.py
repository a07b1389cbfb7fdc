"""The language of the utterance that is being heard: once a transcript has made it sure, the next ones are told."""

from typing import Final

import msgspec

from kouyu.engines.asr.engine import Recognition
from kouyu.serving.transcribing import TranscriptionRequest

KNOWN_SHARE: Final = 0.6
"""Of the audio to be recognised, the share that the language must have been guessed from: people do change over."""


class SpokenLanguage:
    """What was found out about one utterance, which is known by its first sample. Guessing takes 13 ms each time."""

    def __init__(self) -> None:
        self._start = 0
        self._end = 0
        self._language = ""

    def learn(self, recognition: Recognition, span: tuple[int, int]) -> None:
        """The samples of ``span``, from its first to before its second, have been recognised."""
        if recognition.language_is_sure:
            self._start, self._end = span
            self._language = recognition.language

    def supplied(self, how: TranscriptionRequest, start: int, end: int) -> TranscriptionRequest:
        """How to listen to the samples from ``start`` to before ``end``: with the language, if it is known by now."""
        known = self._language and start == self._start and self._end - start >= KNOWN_SHARE * (end - start)
        if how.options.language is not None or not known:
            return how
        return msgspec.structs.replace(how, options=msgspec.structs.replace(how.options, language=self._language))
