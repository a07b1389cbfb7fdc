"""Decides whether the user's speech interrupts the agent (barge-in)."""

from collections.abc import Sequence
from typing import Final

from kouyu.conversation.limits import Limits
from kouyu.domain.configuration import InterruptConfig
from kouyu.text.backchannels import is_backchannel
from kouyu.text.sound import sounds_in

OVER_ECHO_MS: Final = 160
"""Least speech in ms that interrupts where the agent's own voice comes back. In a reverberant room some of it is not
recognised as that: of 320 s of echo (0.4 s of reverberation), 12 runs were 112 ms long, and 3 were 160 ms."""


class BargeIn:
    """The decision about one utterance that began while the agent was speaking.

    Without ``interrupt_config`` a run of speech of ``barge_in_ms`` interrupts, over an echo of the agent's voice one of
    OVER_ECHO_MS at least; where backchannels are ignored, it must
    also be longer than a backchannel, or its transcript must be more than one. With keywords, only a transcript that
    contains or starts with a keyword, or with its homophone, interrupts (uplink.md, data.turn_detection).
    """

    def __init__(self, limits: Limits, interrupt_config: InterruptConfig | None, *, over_echo: bool = False) -> None:
        """``over_echo``: the agent's voice has come back lately."""
        self._limits = limits
        self._over_echo = over_echo
        self._interrupt_config = interrupt_config

    @property
    def onset_ms(self) -> int:
        """Speech in ms that begins an utterance while the agent speaks."""
        if self.needs_transcript:
            return self._limits.speech_start_ms
        return max(self._limits.barge_in_ms, OVER_ECHO_MS) if self._over_echo else self._limits.barge_in_ms

    @property
    def needs_transcript(self) -> bool:
        """Whether the decision needs a transcript besides the length of the speech."""
        return bool(self._keywords) or self._limits.ignore_backchannels

    def interrupts(self, transcript: str, speech_ms: int) -> bool:
        """Whether an utterance of ``speech_ms`` with the interim ``transcript`` interrupts the agent."""
        if self._keywords:
            return self._has_keyword(transcript)
        if not self._limits.ignore_backchannels or speech_ms > self._limits.longest_backchannel_ms:
            return True
        return bool(transcript) and not is_backchannel(transcript)

    @property
    def _keywords(self) -> Sequence[str]:
        return self._interrupt_config.keywords if self._interrupt_config is not None else ()

    def _has_keyword(self, transcript: str) -> bool:
        assert self._interrupt_config is not None
        at_start = self._interrupt_config.mode == "keyword_prefix"
        return any(_has(transcript, keyword, at_start=at_start) for keyword in self._keywords)


def _has(transcript: str, keyword: str, *, at_start: bool) -> bool:
    """Whether the transcript contains, or with ``at_start`` begins with, ``keyword`` or a homophone of it."""
    said, wanted = _normalised(transcript), _normalised(keyword)
    spelled = said.startswith(wanted) if at_start else wanted in said
    return spelled or sounds_in(keyword, transcript, at_start=at_start)


def _normalised(text: str) -> str:
    """Letters and digits in lower case, since punctuation and spacing vary between recognisers."""
    return "".join(character for character in text.casefold() if character.isalnum())
