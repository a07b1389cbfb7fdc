"""Whether what the user says while the agent speaks takes the turn."""

from collections.abc import Sequence

from kouyu.conversation.limits import Limits
from kouyu.protocol.configuration import InterruptConfig
from kouyu.text.backchannels import is_backchannel
from kouyu.text.sound import sounds_in


class BargeIn:
    """The decision about one utterance that began while the agent was speaking.

    Without ``interrupt_config`` a run of speech of ``barge_in_ms`` is enough; where backchannels are ignored, only one
    that a transcript shows to be more than that, or that is too long for one. With keywords only a transcript that
    contains one, or starts with one, or with what sounds like one, interrupts (uplink.md, data.turn_detection).
    """

    def __init__(self, limits: Limits, interrupt_config: InterruptConfig | None) -> None:
        self._limits = limits
        self._interrupt_config = interrupt_config

    @property
    def onset_ms(self) -> int:
        """Speech needed before an utterance is taken up at all while the agent speaks."""
        return self._limits.speech_start_ms if self.needs_transcript else self._limits.barge_in_ms

    @property
    def needs_transcript(self) -> bool:
        """Speech alone does not interrupt, not at once."""
        return bool(self._keywords) or self._limits.ignore_backchannels

    def interrupts(self, transcript: str, speech_ms: int) -> bool:
        """Whether an utterance of ``speech_ms`` that reads so far as ``transcript`` interrupts the agent."""
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
    """Whether ``keyword`` stands in the transcript or at its start, as it is spelled or as something that sounds so."""
    said, wanted = _normalised(transcript), _normalised(keyword)
    spelled = said.startswith(wanted) if at_start else wanted in said
    return spelled or sounds_in(keyword, transcript, at_start=at_start)


def _normalised(text: str) -> str:
    """Letters and digits alone, in lower case: punctuation and spacing are the recogniser's taste."""
    return "".join(character for character in text.casefold() if character.isalnum())
