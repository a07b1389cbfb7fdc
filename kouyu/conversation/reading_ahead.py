"""Orders the prefill of interim transcripts, so that the agent's model knows the question when it is complete."""

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Final

from kouyu.conversation.effects import Effect
from kouyu.conversation.interim_transcripts import InterimTranscripts
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.conversation.question import Question
from kouyu.conversation.speech_detector import samples_in
from kouyu.conversation.turn import ReplyMaker
from kouyu.conversation.utterance import Span
from kouyu.domain.configuration import TurnDetection
from kouyu.text.sentences import word_count

NEW_WORDS: Final = 8.0
"""Words that a transcript must have beyond what was prefilled, while the user speaks. Each prefill costs the model as
much as reading about eight words on top of what is new, and words that the recogniser changes later are read again. In
push to talk each new word is prefilled at once: the reply is awaited from the release on."""
UNHEARD_MS: Final = 300
"""Most audio behind the interim transcript to which an answer is drafted. With more, words are missing from it, and the
draft would only take processor time from the final transcript."""


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
        self._drafted = ""
        """The text to which an answer was drafted."""

    def while_speaking(self, turn_detection: TurnDetection, now: float) -> Iterator[Effect]:
        """Prefill the interim transcript if it has enough new words."""
        if self._has_more_than(0.0 if is_push_to_talk(turn_detection) else NEW_WORDS) and self._allowed(now):
            yield from self._read_ahead(now, draft=False)

    def at_pause(self, span: Span, turn_detection: TurnDetection, now: float) -> Iterator[Effect]:
        """Prefill the interim transcript if it has any new word, while the final one of ``span`` is made, which is
        often the same. Draft an answer to it where it will be awaited and has probably all words: under ``server_vad``
        a silence follows that is long enough to do without."""
        unheard = span.end - self._interims.heard_until
        awaited = turn_detection.type != "server_vad" and unheard <= samples_in(UNHEARD_MS)
        draft = awaited and self._interims.text != self._drafted
        if (draft or self._has_more_than(0.0)) and self._allowed(now):
            yield from self._read_ahead(now, draft=draft)

    def reset(self) -> None:
        """Start again: the utterance is over."""
        self._read = self._drafted = ""

    def _has_more_than(self, words: float) -> bool:
        text = self._interims.text
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, self._read, strict=False)))
        return word_count(text[same:]) > words

    def _read_ahead(self, now: float, *, draft: bool) -> Iterator[Effect]:
        self._read = self._interims.text
        self._drafted = self._interims.text if draft else self._drafted
        yield from self._make_reply(Question(content=self._interims.text), now).read_ahead(draft=draft)
