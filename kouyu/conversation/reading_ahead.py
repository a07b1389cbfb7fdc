"""Orders the prefill of interim transcripts, so that the agent's model knows the question when it is complete."""

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Final

from kouyu.conversation.effects import Effect
from kouyu.conversation.interim_transcripts import InterimTranscripts
from kouyu.conversation.turn import ReplyMaker
from kouyu.protocol.configuration import TurnDetection
from kouyu.text.sentences import word_count

NEW_WORDS: Final = 8.0
"""Words that a transcript must have beyond what was prefilled, while the user speaks. Each prefill costs the model as
much as reading about eight words on top of what is new, and words that the recogniser changes later are read again."""


class ReadingAhead:
    """Remembers how much of the question of the utterance in progress has been prefilled."""

    def __init__(
        self, make_reply: ReplyMaker, interims: InterimTranscripts, *, allowed: Callable[[float], bool]
    ) -> None:
        """``allowed``: whether a reply that is asked for now would have the context it has later."""
        self._make_reply = make_reply
        self._interims = interims
        self._allowed = allowed
        self._read = ""

    def while_speaking(self, now: float) -> Iterator[Effect]:
        """Prefill the interim transcript if it has enough new words."""
        yield from self._read_beyond(NEW_WORDS, now, draft=False)

    def at_pause(self, turn_detection: TurnDetection, now: float) -> Iterator[Effect]:
        """Prefill the interim transcript if it has any new word, while the final one is made, which is often the same.
        Draft an answer to it where it will be awaited: under ``server_vad`` a silence follows that is long enough to do
        without."""
        yield from self._read_beyond(0.0, now, draft=turn_detection.type != "server_vad")

    def reset(self) -> None:
        """Start again: the utterance is over."""
        self._read = ""

    def _read_beyond(self, words: float, now: float, *, draft: bool) -> Iterator[Effect]:
        text = self._interims.text
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, self._read, strict=False)))
        if word_count(text[same:]) > words and self._allowed(now):
            self._read = text
            yield from self._make_reply(text, now).read_ahead(draft=draft)
